# SPDX-License-Identifier: GPL-2.0-only
#
# The wings of lib/: each may include those before it. Included by all that build with it.

wings := base gpu vm verdict
# wing_flags DIR: where the headers of lib/ are, DIR being this folder.
wing_flags = $(wings:%=-I$(1)/lib/%)
# What the device model in vgpu/ needs of them.
vgpu_lib := base/fault_guard gpu/exporter gpu/mockgpu
