venv:
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet -c constraints.txt -e '.[dev]'
