-- For wrk: as post.lua, but each request takes the next token of a file (third argument, one a line) as its Authorization, beginning
-- after so many (fourth argument) of them.
local requests = {}
local next_one = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  local headers = {}
  for line in io.lines(args[2]) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  next_one = tonumber(args[4])
  for token in io.lines(args[3]) do
    headers["Authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format("POST", "/mcp", headers, body)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"us":%d,"p50":%d,"p99":%d,"errors":%d}\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
