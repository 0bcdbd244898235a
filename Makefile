# Thin names for the scripts, which do the work and say what they do.

.PHONY: site test bench

site:
	scripts/site

test:
	scripts/test

bench:
	scripts/setup bench
	cargo build --release --locked --features svg
	python3 benches/run.py
