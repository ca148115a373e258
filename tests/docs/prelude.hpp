// What the excerpts in the documents stand after.
#pragma once

#include <leanmcp/auth.hpp>
#include <leanmcp/auth/client.hpp>
#include <leanmcp/client.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/elicitation.hpp>
#include <leanmcp/payments.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace leanmcp;  // NOLINT
using namespace std::chrono_literals;
