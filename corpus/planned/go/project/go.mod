module example.org/planned

go 1.20

require (
	github.com/gin-gonic/gin v1.7.0 // pinned for now
	golang.org/x/text v0.3.3
)
