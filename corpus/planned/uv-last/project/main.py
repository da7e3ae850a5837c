import colorama

colorama.init()
