module example.org/planned

go 1.24.0 // the least that builds it
