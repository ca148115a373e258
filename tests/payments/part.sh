# Every official client and its way to pay; with --full also a payer who is slower than a call may wait (3 minutes).
default_parts+=(payments)
full_parts+=(payments_full)
part_payments() { build release premium-service leanmcp && node_part "$tests_dir/payments/run.mjs"; }
part_payments_full() { build release premium-service leanmcp && node_part "$tests_dir/payments/run.mjs" --full; }
# A hostile customer and a hostile network.
default_parts+=(payment_attacks)
part_payment_attacks() { build release premium-service metered-tool leanmcp && node_part "$tests_dir/payments/attacks.mjs"; }
