#pragma once

// Protecting tools by the app's own identity provider.

#include <leanmcp/auth/authenticated.hpp>
#include <leanmcp/auth/provider.hpp>
#include <leanmcp/auth/resource_metadata.hpp>
