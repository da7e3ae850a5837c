package main

import "github.com/valyala/fasthttp"

func main() {
	_ = fasthttp.ListenAndServe("127.0.0.1:0", func(*fasthttp.RequestCtx) {})
}
