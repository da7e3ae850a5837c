module.exports = require("once");
