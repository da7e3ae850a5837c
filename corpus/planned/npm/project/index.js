module.exports = require("lodash.pick");
