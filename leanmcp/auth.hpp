#pragma once

// Protecting tools by the app's own identity provider.

#include <leanmcp/auth/any_of.hpp>
#include <leanmcp/auth/auth0.hpp>
#include <leanmcp/auth/authenticated.hpp>
#include <leanmcp/auth/authorize.hpp>
#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/entra.hpp>
#include <leanmcp/auth/firebase.hpp>
#include <leanmcp/auth/github.hpp>
#include <leanmcp/auth/google.hpp>
#include <leanmcp/auth/introspection.hpp>
#include <leanmcp/auth/keycloak.hpp>
#include <leanmcp/auth/oidc.hpp>
#include <leanmcp/auth/okta.hpp>
#include <leanmcp/auth/provider.hpp>
#include <leanmcp/auth/rate_limit.hpp>
#include <leanmcp/auth/resource_metadata.hpp>
#include <leanmcp/auth/static_keys.hpp>
#include <leanmcp/auth/supabase.hpp>
#include <leanmcp/auth/workos.hpp>
