module example.org/demo

go 1.21

// what we serve with
require github.com/gin-gonic/gin v1.7.0 // pinned for now
