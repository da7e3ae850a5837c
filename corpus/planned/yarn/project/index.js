require("lodash");
require("mkdirp");
