raise SystemExit("nothing of the project is run")
