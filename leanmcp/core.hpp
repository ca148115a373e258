#pragma once

// Everything to write a server: tools, prompts, resources, questions, HTTP and stdio.

#include <leanmcp/base/task_group.hpp>
#include <leanmcp/server/server.hpp>
#include <leanmcp/transport/in_memory.hpp>
#include <leanmcp/transport/serve.hpp>
