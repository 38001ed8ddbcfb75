# A thin front of meson: `make` builds, `make demo` shows, `make check` proves.
# Everything lives in build*/; MESON_FLAGS=-Dwerror=true and the like are passed on.

MESON_FLAGS ?=
PREFIX ?= /usr/local
# The tests are built where cmocka is installed; `make check` installs it.
TESTS = -Dtests=$(shell pkg-config --exists cmocka 2>/dev/null && echo true || echo false)
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
NINJA = ninja -j $(JOBS)
# Options are applied to a fresh folder and to an old one alike. $(1): folder, $(2): options.
configure = @if [ -f $(1)/build.ninja ]; then meson configure $(1) $(2) $(MESON_FLAGS) >/dev/null; \
	else meson setup $(1) --prefix $(PREFIX) $(2) $(MESON_FLAGS) >$(1).log 2>&1 || { cat $(1).log; rm -f $(1).log; exit 1; }; \
	rm -f $(1).log; fi

comma = ,
# With line numbers alone: less to build, and reports say as much. ASan's is linked by gold where it is (of binutils); TSan's is
# not: gold puts constants beside code, where TSan has a file for their shadow, which a limit on the size of files cuts short.
SANITIZE = --buildtype=debugoptimized -Dc_args=-g1 -Db_lundef=false
GOLD = -Dc_link_args=$(shell command -v ld.gold >/dev/null 2>&1 && echo -fuse-ld=gold)

.PHONY: all demo run check asan tsan fuzz bench lint format install clean help

all:
	@tools/setup
	$(call configure,build,$(TESTS))
	@$(NINJA) -C build

help:
	@echo "make            build build/weir"
	@echo "make demo       a benchmark of the built-in simulator, in about two minutes from a fresh clone"
	@echo "make run        a mock endpoint that takes its time, on 127.0.0.1:5000 (CONCURRENCY=10)"
	@echo "make check      build and run every test"
	@echo "make asan tsan  the same tests under sanitizers"
	@echo "make fuzz       each parser under libFuzzer for 60 s (FUZZ_TIME=60)"
	@echo "make bench      speed and precision beside other clients, in about 15 minutes"
	@echo "make lint       layers, sizes, headers, formatting"
	@echo "make format     format the sources by clang-format 14"
	@echo "make install    into PREFIX=/usr/local"
	@echo "make clean      remove the build folders"

# The benchmark's own build needs no test packages.
demo:
	@tools/setup
	$(call configure,build,$(TESTS))
	@if [ -t 1 ]; then $(NINJA) -C build weir; else $(NINJA) -C build --quiet weir; fi
	@build/weir run --rate 2,8,32 --duration 10s --warmup 2s --max-tokens 64 || { rc=$$?; [ $$rc -eq 4 ] || exit $$rc; \
	echo; echo "INVALID speaks of this machine, not of the build: something took its processor away meanwhile."; }

# More options of `weir sim` by SIM_FLAGS="--time-scale 0.1".
CONCURRENCY ?= 10
run:
	@tools/setup
	$(call configure,build,$(TESTS))
	@$(NINJA) -C build --quiet weir
	@echo "Running the mock server with max-concurrent-requests=$(CONCURRENCY)"
	@exec build/weir sim --preset flask-mock --max-concurrent-requests $(CONCURRENCY) $(SIM_FLAGS)

check:
	@tools/setup --check
	$(call configure,build,-Dtests=true)
	@tools/run-check build

asan:
	@tools/setup --check
	$(call configure,build-asan,$(SANITIZE) $(GOLD) -Db_sanitize=address$(comma)undefined)
	@tools/run-check build-asan

tsan:
	@tools/setup --check
	$(call configure,build-tsan,$(SANITIZE) -Dc_link_args= -Db_sanitize=thread)
	@tools/run-check build-tsan

fuzz:
	@tools/setup --check --fuzz
	@tools/run-fuzz

bench: all
	@if [ -x bench/run ]; then bench/run build; else echo "no bench/run here: nothing to measure"; fi

lint:
	@tools/setup --check
	$(call configure,build,-Dtests=true)
	@$(NINJA) -C build --quiet weir
	@meson test -C build --no-rebuild --suite lint --print-errorlogs

format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all
	@meson configure build --prefix $(PREFIX)
	@meson install -C build

clean:
	rm -rf build build-asan build-tsan build-fuzz
