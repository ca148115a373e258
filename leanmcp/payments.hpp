#pragma once

// Being paid through Stripe: checkout, webhooks, sweeps, gates, tools.

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/billing_pages.hpp>
#include <leanmcp/payments/billing_tools.hpp>
#include <leanmcp/payments/gate.hpp>
#include <leanmcp/payments/stripe_client.hpp>
#include <leanmcp/payments/sweeper.hpp>
#include <leanmcp/payments/webhook_route.hpp>
