module example.org/planned

go 1.14

require github.com/valyala/fasthttp v1.16.0 // the server
