# SPDX-License-Identifier: GPL-2.0-only
#
# The programs of docs/findings, each of one file that builds alone, into $(O)/findings/:
# lab/incell/reproducers runs them.

findings := ../docs/findings
reproducers := $(if $(filter x86_64,$(ARCH)),$(patsubst $(findings)/%.c,$(O)/findings/%,$(wildcard $(findings)/*.c)))

all: $(reproducers)

$(O)/findings/%: $(findings)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Wall -Wextra -Werror -I$(UAPI) $(shell $(PKG_CONFIG) --cflags libdrm) -pthread -o $@ $<
