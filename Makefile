# act-c: rehearse GitHub Actions workflows in containers.
#
# One non-recursive Makefile. `make` builds build/act-c; `make help` lists the targets.
# Honoured: CC, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX, DESTDIR, BUILD; WERROR=1 (CI), SAN=1 (sanitizers).

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local

CC       ?= gcc
AGENT_CC ?= musl-gcc
CFLAGS   ?= -O2 -g
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wmissing-prototypes \
	-Wstrict-prototypes -Wvla -Wformat=2 -Wundef -Wwrite-strings
ifeq ($(WERROR),1)
WARN += -Werror
endif

# Lower layers first: a module includes only its own or lower layers (`make lint` checks it).
LAYERS := base os data expr model plan event stream engine store run report cli

SRC  := $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c))
MAIN := src/cli/main.c
OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAIN),$(SRC)))
LIB  := $(BUILD)/libactc.a
BIN  := $(BUILD)/act-c

PKGS      := yaml-0.1 jansson
PKG_CF    := $(shell pkg-config --cflags $(PKGS) libgit2 libarchive 2>/dev/null)
PKG_LIBS  := $(shell pkg-config --libs $(PKGS) 2>/dev/null || echo -lyaml -ljansson)

ALL_CPPFLAGS = -D_GNU_SOURCE -DACTC_VERSION='"$(VERSION)"' -DACTC_AGENT_ID='"$(AGENT_ID)"' \
	-Iinclude -Isrc $(PKG_CF) $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 $(WARN) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS  = $(HARDEN_LD) $(LDFLAGS)
ifeq ($(SAN),1)
CFLAGS  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
ALL_CPPFLAGS += -DACTC_ARENA_MALLOC
LDFLAGS += -fsanitize=address,undefined
else
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD := -pie -Wl,-z,relro,-z,now
endif

.PHONY: all help
all: $(BIN)

help:
	@echo 'targets: all check check-asan bench lint format fuzz demo deps install uninstall clean'

# --- the agent: a static program of its own, embedded into act-c ---------------------------------

AGENT_SRC := $(wildcard src/agent/*.c) src/base/frame.c src/base/sha256.c
AGENT_HDR := $(wildcard src/agent/*.h) include/actc/frame.h include/actc/sha256.h
AGENT     := $(BUILD)/agent/agent-x86_64
AGENT_CFLAGS := -std=c11 -Os -static -s -D_GNU_SOURCE -Iinclude -Isrc $(WARN) \
	-ffunction-sections -fdata-sections -Wl,--gc-sections
# Names the agent in HELLO and its volume at the engine: changes whenever its sources do.
AGENT_ID := $(shell cat $(sort $(AGENT_SRC) $(AGENT_HDR)) 2>/dev/null | sha256sum | cut -c1-16)

$(AGENT): $(AGENT_SRC) $(AGENT_HDR) Makefile
	@mkdir -p $(@D)
	$(AGENT_CC) $(AGENT_CFLAGS) -DACTC_AGENT_ID='"$(AGENT_ID)"' -o $@ $(AGENT_SRC)

$(BUILD)/src/engine/agent_blob.o: $(AGENT)
$(BUILD)/src/engine/agent_blob.o: ALL_CPPFLAGS += -DACTC_AGENT_PATH='"$(AGENT)"'

# --- the program --------------------------------------------------------------------------------

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $(OBJ)

$(BIN): $(BUILD)/src/cli/main.o $(LIB)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(PKG_LIBS) -ldl -lm

# --- tests --------------------------------------------------------------------------------------

UNIT_SRC := $(wildcard test/unit/test_*.c)
UNIT_BIN := $(patsubst test/unit/%.c,$(BUILD)/test/%,$(UNIT_SRC))

$(BUILD)/test/%: test/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(LIB) \
		$(PKG_LIBS) -lcriterion -ldl -lm

.PHONY: unit clean
unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do echo "== $$t"; $$t --jobs 2 || exit 1; done

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
