# SPDX-License-Identifier: GPL-2.0-only
#
# The programs of docs/findings, each of one file that builds alone, into $(O)/findings/:
# lab/incell/reproducers runs them.

findings := ../docs/findings
# Those of riscv64 have it in their names; the others are for x86-64.
reproducers_riscv64 := $(wildcard $(findings)/riscv-*.c)
reproducers_x86_64 := $(filter-out $(reproducers_riscv64),$(wildcard $(findings)/*.c))
reproducers := $(patsubst $(findings)/%.c,$(O)/findings/%,$(reproducers_$(ARCH)))

all: $(reproducers)

$(O)/findings/%: $(findings)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wall -Wextra -Werror -I$(UAPI) $(shell $(PKG_CONFIG) --cflags libdrm) -pthread -o $@ $<
