#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>

#include <boost/json/fwd.hpp>

#include <functional>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the commands that read JSON lines share: one object in, one verdict out, in order.

/// The longest line read; a longer one gets a verdict that says so, and the next line is read as usual.
inline constexpr std::size_t longest_line = 16 * 1024 * 1024;

/// Gives the verdict on one object, or why the object does not ask for one.
using LineVerdict = std::function<leanmcp::Result<boost::json::object>(const boost::json::object&)>;

/// The verdict on what does not ask for one.
using LineRefusal = std::function<boost::json::object(std::string_view why)>;

/// Answers every line of `in`. What is no JSON object, or lacks what the verdict needs, is answered with
/// `{"valid":false,"error":…}`, or what `refusal` makes of it. Returns 0: a line's fault is in its verdict.
int answer_lines(std::istream& in, std::ostream& out, const LineVerdict& verdict, const LineRefusal& refusal = {});

/// Members of a line, or an error that names the member.
leanmcp::Result<std::string> text_member(const boost::json::object& line, std::string_view name);
leanmcp::Result<std::int64_t> integer_member(const boost::json::object& line, std::string_view name,
                                             std::optional<std::int64_t> otherwise = std::nullopt);
/// A text or a list of texts.
leanmcp::Result<std::vector<std::string>> texts_member(const boost::json::object& line, std::string_view name);

/// The year 9999: beyond it a time of day no longer fits the clock.
inline constexpr std::int64_t latest_second = 253402300799;
/// The time of Unix seconds up to then.
leanmcp::Result<leanmcp::TimePoint> time_of(std::int64_t seconds);

/// All of a file, or of the standard input for "-"; 64 MiB at most.
leanmcp::Result<std::string> read_whole(const std::string& path);

/// A text given on the command line, or for "-" the standard input without the line breaks at its end.
leanmcp::Result<std::string> read_argument(const std::string& text);

/// Says on standard error what went wrong and gives the exit code for wrong usage, 2.
int usage_error(std::string_view message);
