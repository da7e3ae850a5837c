console.log(require('kind-of')(1));
