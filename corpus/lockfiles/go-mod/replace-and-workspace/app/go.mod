module example.com/app

go 1.23.0

require (
	example.com/lib v0.0.0
	example.com/shared v1.0.0
	example.com/Upper/Name v2.0.0+incompatible
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
