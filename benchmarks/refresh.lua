-- For wrk: posts refresh tokens, each answer's new one next: args are a file with the first tokens and one with headers. Any
-- answer without a new token counts as an error.
local waiting = {}
local headers = {}
refused = 0
local threads = {}

function setup(thread) table.insert(threads, thread) end

function init(args)
  for token in io.lines(args[1]) do waiting[#waiting + 1] = token end
  for line in io.lines(args[2]) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
end

function request()
  local token = table.remove(waiting, 1)
  if not token then error("no refresh token is left") end
  return wrk.format("POST", nil, headers, "grant_type=refresh_token&refresh_token=" .. token)
end

function response(status, _, body)
  local token = status == 200 and body:match('"refresh_token":"([^"]+)"')
  if token then waiting[#waiting + 1] = token else refused = refused + 1 end
end

function done(summary, latency)
  local e = summary.errors
  local lost = 0
  for _, thread in ipairs(threads) do lost = lost + thread:get("refused") end
  io.write(string.format('{"requests":%d,"us":%d,"p50":%d,"p99":%d,"errors":%d}\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout + lost))
end
