require("mkdirp");
