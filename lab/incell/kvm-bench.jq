# SPDX-License-Identifier: GPL-2.0-only
# Prints what is wrong with the result of one round of mockgpu-kvm-bench --only touch --json, a
# line each. Run it with jq -n, so that no result at all is an error.

# Bytes that KVM must map with one fault. Only two-dimensional paging has exact numbers.
def block: {"memfd-huge": 2097152, "memfd": 4096, "split": 4096, "ttm": 4096, "noncompound-huge": 2097152};
def is_spread: 0 < .min and .min <= .median and .median <= .max;

# The program itself fails where a refusal is not known of the kernel.
def wrong_error: select(.error) | select((.error | IN("EFAULT", "EOPNOTSUPP") | not) or (.source | startswith("memfd")))
	| "\(.source): \(.error)";
def wrong_faults: select(.error | not) | (.bytes / block[.source]) as $faults
	| select(.faults != $faults) | "\(.source): \(.faults) faults, not \($faults)";
def wrong_times: select(.error | not)
	| select((.us | is_spread | not) or (.source != "memfd-huge" and .compared_with != "memfd-huge"))
	| "\(.source): the times make no sense";

[inputs] as $all | ((block | keys) - [$all[].source] | .[] | "\(.): no result"), ($all[] | wrong_error, wrong_faults, wrong_times)
