#pragma once

#include <string>

/// Opens the URL in the person's browser with xdg-open, without a shell. False when that cannot be started. The caller
/// has shown the URL and has consent; only http and https are opened.
bool open_url(const std::string& url);
