#pragma once

#include <boost/describe.hpp>

#include <string>

namespace leanmcp {

/// What a form asks for.
struct Name {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Name, (), (name))

/// A tool without arguments.
inline std::string hello() { return "hello"; }

}  // namespace leanmcp
