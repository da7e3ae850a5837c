module.exports = require("kind-of");
