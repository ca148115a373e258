#pragma once

#include "terminal.hpp"

#include <string>
#include <string_view>

/// A web address as people are shown it before they agree to go there.

/// Whether it is one that a browser may be sent to; says on the terminal why not.
bool check_address(Terminal& terminal, std::string_view url);
/// Host and port.
std::string host_of(std::string_view url);
/// The whole address on a line of its own with its host highlighted, and a warning where the host is not what it seems.
void show_address(Terminal& terminal, std::string_view url);
/// Opens it in the person's browser, where there is a desktop to do that on. The caller has consent.
bool open_address(const std::string& url);
