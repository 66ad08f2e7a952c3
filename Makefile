# act-c: rehearse GitHub Actions workflows in containers.
#
# One non-recursive Makefile. `make` builds build/act-c; `make help` lists the targets.
# Honoured: CC, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR, BUILD; WERROR=1 (CI), SAN=1 (address,
# undefined and leak sanitizers), FUZZ=1 (with SAN=1 and clang: coverage for libFuzzer), V=1 (show
# every command).

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local

ifeq ($(origin CC),default)
CC := gcc
endif
# The agent is built for this machine's architecture, and for the other one where there is a compiler.
HOST_ARCH := $(shell uname -m)
OTHER_ARCH := $(if $(filter x86_64,$(HOST_ARCH)),aarch64,x86_64)
AGENT_CC ?= musl-gcc
AGENT_OTHER_CC ?= $(wildcard $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/act-c/musl-$(OTHER_ARCH)/cc)
CFLAGS   ?= -O2 -g
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wmissing-prototypes \
	-Wstrict-prototypes -Wvla -Wformat=2 -Wundef -Wwrite-strings
ifeq ($(WERROR),1)
WARN += -Werror
endif

# Lower layers first: a module includes only its own or lower layers (`make lint` checks it).
LAYERS := base os data expr model plan check event stream engine store serve run report cli

SRC  := $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c))
MAIN := src/cli/main.c
OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN),$(SRC)))
LIB  := $(BUILD)/libactc.a
BIN  := $(BUILD)/act-c

PKGS      := yaml-0.1 jansson
PKG_CF    := $(shell pkg-config --cflags $(PKGS) libgit2 libarchive libpcre2-8 libmicrohttpd libcrypto libcurl 2>/dev/null)
PKG_LIBS  := $(shell pkg-config --libs $(PKGS) 2>/dev/null || echo -lyaml -ljansson)
# Loaded at first use, not linked (they cost 10 ms of every start), by the name that a linked program
# would ask the loader for.
soname = $(or $(shell readelf -d "$$(pkg-config --variable=libdir $(1) 2>/dev/null)/$(1).so" \
	2>/dev/null | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p'),$(1).so)
LIBGIT2_SO    := $(call soname,libgit2)
LIBARCHIVE_SO := $(call soname,libarchive)
LIBPCRE2_SO   := $(call soname,libpcre2-8)
LIBMICROHTTPD_SO := $(call soname,libmicrohttpd)
LIBCURL_SO       := $(call soname,libcurl)
LIBCRYPTO_SO     := $(call soname,libcrypto)
LIBCURL_SO       := $(call soname,libcurl)
$(BUILD)/src/store/action_http.o: ALL_CPPFLAGS += -DACTC_LIBCURL_SO='"$(LIBCURL_SO)"'
$(BUILD)/src/serve/mhd.o: ALL_CPPFLAGS += -DACTC_LIBMICROHTTPD_SO='"$(LIBMICROHTTPD_SO)"'
$(BUILD)/src/serve/relay.o: ALL_CPPFLAGS += -DACTC_LIBCURL_SO='"$(LIBCURL_SO)"'
$(BUILD)/src/serve/crypto.o: ALL_CPPFLAGS += -DACTC_LIBCRYPTO_SO='"$(LIBCRYPTO_SO)"'
$(BUILD)/src/store/git2.o: ALL_CPPFLAGS += -DACTC_LIBGIT2_SO='"$(LIBGIT2_SO)"' \
	-DACTC_LIBCRYPTO_SO='"$(LIBCRYPTO_SO)"'
$(BUILD)/src/store/tar_dir.o $(BUILD)/src/store/action_unpack.o: ALL_CPPFLAGS += -DACTC_LIBARCHIVE_SO='"$(LIBARCHIVE_SO)"'
$(BUILD)/src/stream/regex.o: ALL_CPPFLAGS += -DACTC_LIBPCRE2_SO='"$(LIBPCRE2_SO)"'

ALL_CPPFLAGS = -D_GNU_SOURCE -DACTC_VERSION='"$(VERSION)"' -DACTC_AGENT_ID='"$(AGENT_ID)"' \
	-Iinclude -Isrc $(PKG_CF) $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 $(WARN) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS  = $(HARDEN_LD) $(LDFLAGS)
ifeq ($(SAN),1)
CFLAGS  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
ALL_CPPFLAGS += -DACTC_ARENA_MALLOC
LDFLAGS += -fsanitize=address,undefined
else
HARDEN    := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN_LD := -pie -Wl,-z,relro,-z,now
endif
ifeq ($(FUZZ),1)
CFLAGS  += -fsanitize=fuzzer-no-link
endif

Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)  $@")

.PHONY: all help
all: $(BIN)

help:
	@echo 'make               build $(BIN)'
	@echo 'make demo          install what is missing, build, rehearse testdata/chatbot in containers'
	@echo 'make check         install what is missing, build, run every test'
	@echo 'make check-asan    the same with sanitizers; check-asan-quick: without whole workflows'
	@echo 'make check-actions real actions, unmodified, from the mirrors at ACTC_TEST_MIRROR'
	@echo 'make lint          format, static analysis, layers, headers; format: clang-format -i'
	@echo 'make self-test     the own CI, by an act-c in a container (docker'"'"'s socket; the sandbox)'
	@echo 'make bench         speed as ratios, a table and $(BUILD)/bench.json'
	@echo 'make fuzz          every fuzz target for FUZZ_TIME seconds (60)'
	@echo 'make deps          install the Debian packages that all of these need'
	@echo 'make install       to $$(DESTDIR)$$(PREFIX), that is $(DESTDIR)$(PREFIX); uninstall; clean'

.PHONY: FORCE
FORCE:

# --- the agent: a static program of its own, one for each architecture, embedded into act-c -------

AGENT_BASE := arena err frame glob sha256 str strbuf tar
AGENT_SRC := $(wildcard src/agent/*.c) $(AGENT_BASE:%=src/base/%.c)
AGENT_HDR := $(wildcard src/agent/*.h) $(AGENT_BASE:%=include/actc/%.h)
AGENT     := $(BUILD)/agent/agent-$(HOST_ARCH)
AGENTS    := $(AGENT) $(if $(AGENT_OTHER_CC),$(BUILD)/agent/agent-$(OTHER_ARCH))
AGENT_CFLAGS := -std=c11 -Os -static -s -D_GNU_SOURCE -Iinclude -Isrc $(WARN) \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-Wl,--gc-sections -Wl,-z,norelro -Wl,-z,noseparate-code
# Names the agent in HELLO and its volume at the engine: changes whenever its sources do.
AGENT_ID := $(shell cat $(sort $(AGENT_SRC) $(AGENT_HDR)) 2>/dev/null | sha256sum | cut -c1-16)

# Agent and act-c must agree on it, whatever the times of the files say.
$(BUILD)/agent-id: FORCE
	@mkdir -p $(@D); echo $(AGENT_ID) | cmp -s - $@ || echo $(AGENT_ID) >$@

$(BUILD)/agent/agent-$(OTHER_ARCH): AGENT_CC = $(AGENT_OTHER_CC)
$(BUILD)/agent/agent-%: $(AGENT_SRC) $(AGENT_HDR) Makefile $(BUILD)/agent-id
	@mkdir -p $(@D)
	$(call say,AGENT)
	$(Q)$(AGENT_CC) $(AGENT_CFLAGS) -DACTC_AGENT_ID='"$(AGENT_ID)"' -o $@ $(AGENT_SRC)
	$(if $(AGENT_OTHER_CC),,@echo '  NOTE  no agent for $(OTHER_ARCH), for want of a compiler (test/tools/musl-cross)')

$(patsubst %.c,$(BUILD)/%.o,$(wildcard src/engine/*.c)): $(BUILD)/agent-id
$(BUILD)/test/test_channel: $(BUILD)/agent-id
$(BUILD)/src/engine/agent_blob.o: $(AGENTS)
$(BUILD)/src/engine/agent_blob.o: ALL_CPPFLAGS += \
	$(foreach a,$(AGENTS),-DACTC_$(subst -,_,$(notdir $(a)))='"$(a)"')

# --- the program --------------------------------------------------------------------------------

# Changes when the way to compile does, so that objects of other flags are made again.
FLAGS := $(CC) $(filter-out -DACTC_AGENT_ID=%,$(ALL_CPPFLAGS)) $(HARDEN) $(CFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(subst ','"'"',$(FLAGS))' | cmp -s - $@ || echo '$(subst ','"'"',$(FLAGS))' >$@

$(BUILD)/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC )
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(OBJ)
	$(call say,AR )
	@rm -f $@
	$(Q)$(AR) rcs $@ $(OBJ)

# What src/store/git2.c gives libgit2 instead of its libraries' own, which it does not need.
GIT2_OWN := mbedtls_x509_crt_parse_file mbedtls_ctr_drbg_seed libssh2_init
$(BIN): ALL_LDFLAGS += $(GIT2_OWN:%=-Wl,--export-dynamic-symbol=%)
$(BIN): $(BUILD)/src/cli/main.o $(LIB)
	$(call say,LD )
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(PKG_LIBS) -ldl -lm -pthread

# --- tests --------------------------------------------------------------------------------------

UNIT_SRC := $(wildcard test/unit/test_*.c)
UNIT_BIN := $(patsubst test/unit/%.c,$(BUILD)/test/%,$(UNIT_SRC))
FUZZ_SRC := $(wildcard test/fuzz/fuzz_*.c)
REPLAY   := $(patsubst test/fuzz/%.c,$(BUILD)/replay/%,$(FUZZ_SRC))
FUZZERS  := $(patsubst test/fuzz/%.c,$(BUILD)/fuzzer/%,$(FUZZ_SRC))
TEST_CFLAGS = $(ALL_CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP $(ALL_LDFLAGS)
TEST_LIBS   = $(LIB) $(PKG_LIBS) -ldl -lm -pthread

$(BUILD)/test/%: test/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,LD )
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $< $(TEST_LIBS) -lcriterion

# A fuzz target with a main that replays files; the same target under libFuzzer.
$(BUILD)/replay/%: test/fuzz/%.c test/fuzz/standalone.c $(LIB)
	@mkdir -p $(@D)
	$(call say,LD )
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $< test/fuzz/standalone.c $(TEST_LIBS)

$(BUILD)/fuzzer/%: test/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,LD )
	$(Q)$(CC) $(TEST_CFLAGS) -fsanitize=fuzzer -o $@ $< $(TEST_LIBS)

.PHONY: unit tests check check-built check-asan check-asan-quick check-asan-built check-quick-built
unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do echo "== $$t"; $$t --jobs 2 || exit 1; done

tests: $(BIN) $(UNIT_BIN) $(REPLAY)

# The packages come first: what they bring (pkg-config files) is read when make starts.
check:
	@test/tools/engine --name
	@test/tools/deps build test engine
	@$(MAKE) --no-print-directory check-built

check-built: tests
	@test/tools/engine --optional --quiet -- test/tools/check --build $(BUILD)

check-quick-built: tests
	@test/tools/check --build $(BUILD) unit cli fuzz

# The real actions, from the mirrors at ACTC_TEST_MIRROR; without them all are skipped.
.PHONY: check-actions check-actions-built
check-actions:
	@test/tools/engine --name
	@test/tools/deps build test engine
	@$(MAKE) --no-print-directory check-actions-built

check-actions-built: $(BIN)
	@test/tools/engine --quiet -- test/actions/run --act-c $(BIN)

ASAN_MAKE = $(MAKE) --no-print-directory SAN=1 CC=clang BUILD=build/asan
check-asan:
	@test/tools/engine --name
	@test/tools/deps build test san engine
	+@$(ASAN_MAKE) check-built

check-asan-quick:
	@test/tools/deps build test san
	+@$(ASAN_MAKE) check-quick-built

# --- fuzzing ------------------------------------------------------------------------------------

FUZZ_TIME ?= 60
.PHONY: fuzz fuzz-built
fuzz:
	@test/tools/deps build fuzz
	@$(MAKE) --no-print-directory SAN=1 FUZZ=1 CC=clang BUILD=build/fuzz fuzz-built

fuzz-built: $(FUZZERS)
	@test/tools/fuzz $(BUILD)/fuzzer $(FUZZ_TIME)

# --- demo, benchmarks ---------------------------------------------------------------------------

.PHONY: demo demo-built bench bench-built
demo:
	@test/tools/engine --or-sandbox --name
	@test/tools/deps build demo
	@$(MAKE) --no-print-directory demo-built

demo-built: $(BIN)
	@test/tools/engine --or-sandbox --quiet -- test/run/chatbot.py --act-c $(BIN)

bench:
	@test/tools/engine --name
	@test/tools/deps build engine
	@$(MAKE) --no-print-directory bench-built

bench-built: $(BIN)
	@test/tools/engine --quiet -- test/bench/bench --act-c $(BIN) --json $(BUILD)/bench.json

# The project's own CI by an act-c in a container; SELF_TEST_ARGS go to its `run`.
.PHONY: self-test
self-test:
	@test/tools/engine --name
	@test/tools/deps engine
	@test/tools/engine --quiet -- test/tools/self-test $(SELF_TEST_ARGS)

# --- the sources themselves ---------------------------------------------------------------------

C_FILES := $(wildcard src/*/*.c src/*/*.h include/actc/*.h test/*/*.c test/*/*.h)
HEADERS := $(wildcard include/actc/*.h)

.PHONY: lint lint-built lint-format lint-layers lint-headers lint-cppcheck lint-tidy format
lint:
	@test/tools/deps build lint
	@$(MAKE) --no-print-directory lint-built

lint-built: lint-format lint-layers lint-headers lint-cppcheck lint-tidy
	@echo 'lint: ok'

lint-format:
	@clang-format --dry-run -Werror $(C_FILES)

lint-layers:
	@test/tools/layers $(LAYERS)

# Every public header compiles alone.
lint-headers:
	@for h in $(HEADERS); do \
		$(CC) $(ALL_CPPFLAGS) -std=c11 $(WARN) -Werror -fsyntax-only -x c $$h || exit 1; done

lint-cppcheck:
	@cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--library=test/tools/cppcheck.cfg --suppress=missingIncludeSystem --suppress=duplicateAssignExpression \
		--suppress=comparePointers -Iinclude -Isrc -D_GNU_SOURCE -D__x86_64__ -j 2 src

# $(subst): the shell splits the flags at blanks but must keep the quotes of string values.
lint-tidy:
	@printf '%s\n' $(sort $(wildcard src/*/*.c)) | FLAGS='-std=c11 -DACTC_agent_x86_64="/dev/null" $(subst ',,$(ALL_CPPFLAGS))' \
		xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$$@" -- $$FLAGS 2>/dev/null' tidy

format:
	@clang-format -i $(C_FILES)

.PHONY: deps install uninstall clean
deps:
	@test/tools/deps all

install: $(BIN)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/act-c
	install -D -m 644 man/act-c.1 $(DESTDIR)$(PREFIX)/share/man/man1/act-c.1

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/act-c $(DESTDIR)$(PREFIX)/share/man/man1/act-c.1

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
