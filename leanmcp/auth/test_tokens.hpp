#pragma once

#include <leanmcp/base/clock.hpp>

// Keys and tokens made once by an independent library (jose for Node); the private keys were thrown away.
// Claims of the good tokens: iss https://idp.example, aud [https://mcp.example/mcp, other], sub ada, exp 1900000000,
// iat and nbf 1700000000, scope "read write". The others differ in what their name says.

namespace leanmcp::test_tokens {

/// A time at which the good ones are good.
inline const TimePoint now{std::chrono::seconds(1'800'000'000)};

inline constexpr const char* keys =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ynKKfowBoSMv6cSQlLkucQL5sMByyaAgCuRcHYxlu9j5Zhh8lCgvnrO06dPb0V3mBlcwiJbmZ"
    "HPYqktWWguMtJpsj1sgAr4cNBnN_RdFxciDgBlRKyTr7BcxBmkyWym8pWkhcdyUtAWjJQZs5on9HcOClvL_M1QFw1uDCPTPBPFLg"
    "75SrBDehQpJJTIgyUiPJTYxsrpAznrwU3yYHkN9KPlBmyYveSBFQ6eLRHZ2xIC7DlKuBfI4Dysk1oWvK23BgtWh8hCU9b2zWogib"
    "Ksy6NiY7tY_xNKZh4AZ8s_8FAlvnd8k8cHdgK58q-zWBbBkfTuAGf94xF-bcaH_HpESgQ\",\"e\":\"AQAB\",\"kid\":\"rsa\",\"use\":"
    "\"sig\"},{\"kty\":\"EC\",\"x\":\"SobQrnZJECtSEDsAX5ox_aWSMBbHyBuNJcTIFvuVKjI\",\"y\":\"AorEkKYoHoCKuC9RCHiRVg_7jt"
    "AdXMby6RRiZd65Mj8\",\"crv\":\"P-256\",\"kid\":\"ec\",\"use\":\"sig\",\"alg\":\"ES256\"},{\"kty\":\"RSA\",\"n\":"
    "\"tw-VbC2bXwL"
    "My4wU3y6_W4QhwTyryeRO4NZXOP0Sx-ZE4rJkx6O9DYGX0zxwY5lLgb5BpSpAJl9PR4Xtk9EgoeWcaRgmgKceHGdF_rWL33xQEC3"
    "fr3tvkmof9MGX1zowmU1CQQZnHF2pNVYEc6Rw9A14wEuqdSrNe4Y_3UL2hY1j7CO-87bQ0-2ZKBlHNy8DVtGJwgyBpDy9XbPJmIP"
    "1LSW81h1NNYkX-knfDQ9PBVHBopoZJCldo9Q1yAril2PaFugKTNvR9OL_xZ74ZG2bsZ-qJgEQFXunQ_QG8RUPtaDUeRmim8l-aS9"
    "zV13mCSw-iiUYAr4UTiSF3X5QXEch5w\",\"e\":\"AQAB\",\"kid\":\"ps\",\"use\":\"sig\",\"alg\":\"PS384\"},{\"kty\":"
    "\"EC\",\"x\":\"A"
    "FYAal3qJvVp4HIPngRbg0TKY8fKtYKCW2nXRa7VkPeqWsU510gLfCXTnuDwmD7sa1pb81NtiUq1nU1PrYgAIc6X\",\"y\":\"AJbvsV"
    "0g9hTVPJhWVhe-zSIWsF5wukyRc8dhYqz5O8fuv_8r49ayc8vv4mGy1bM3B_5yMQjKVGnIa9f0quSm0PHw\",\"crv\":\"P-521\",\"k"
    "id\":\"ec5\",\"use\":\"sig\",\"alg\":\"ES512\"}]}";
inline constexpr const char* small_rsa_key =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"kH9EQJcKqHqsys2Yy8oks2gwXBm9CqHHvUkdS63XdHeuM2xOvh-FoVKJd7PXvcFH-HWC_5-YX"
    "nmJ5xbRN0SkWe42f7VvXCc3TmcDuNQnWfsy9LQIDCY0bmmdxni8CVfvfDUbRPeH3EItoweSua0k_Ida_bIv5uRp7XY7xA3ej3E\","
    "\"e\":\"AQAB\",\"kid\":\"small\"}]}";
inline constexpr const char* rs256_good =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXV"
    "kIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE"
    "3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJ"
    "uYW1lIjoiQWRhIEwifQ.ff0sDBuFMkCMUXsVjwBSbaUMQ4cjdosaBYLbwo7NjTemstZJ-B3znOHakeyN4tqo0S3GuOB12o3FfXfK"
    "8nDOhkW4fhb1sdeMfGa_GeoAdE3TgQXd6SBOTCvkvWGctddc2tm0eoFruWYuXG2Uxv1vOjCuxt4DOA8InQmNcJzG2YO0Bmcyxym2"
    "LCoAWbG06Oaso_vLeQN88LMk-datRi2Yy0b9e2nNxfuSAnkFUPlaMPJKOTwdRFzujt9LuPC-i9G1ziF_QwV3yPoFUbFlJqYeBuP5"
    "eDYuxQrzDvoOQSbnpwRLkH0LGmYw4syhn_LtUGIsRMU90-3Mbe2ktmR1LEr7oQ";
inline constexpr const char* hs256_with_public_key =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjpbImh0dHBzOi8vbWN"
    "wLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI"
    "6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIEwifQ."
    "A8wDcwSYkbNE2pmVGuuVKfzkILocPwTj9Ekc1qCUBU0";
inline constexpr const char* unsigned_token =
    "eyJhbGciOiJub25lIiwia2lkIjoicnNhIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjpbImh0dHBzOi8vbWNw"
    "LmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6"
    "MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIEwifQ.";
inline constexpr const char* es256_good =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3"
    "MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJu"
    "YW1lIjoiQWRhIEwifQ._HYlhHMMbYB7BInoqtLyM7h1FoCDigriS1RQVqxIgRge9q5FWLuDqHQcyjFHklyTQIh97YHUpoRt1agUf"
    "Fhc2A";
inline constexpr const char* es256_aud =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjoiaHR0cHM6Ly9vdGhlci5leGFtcGxlIiwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsIm5i"
    "ZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIEwi"
    "fQ.qdZK4278drwRlAyZ_vUCMSBkxSYCiLahuqpNVsE17KwZQWsa2d4Goa02KchR8hgYfz2NLIBliVoyjt5T35nPmQ";
inline constexpr const char* es256_noaud =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3Vi"
    "IjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdy"
    "aXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIEwifQ.Qnx_IlKlp4ehZn-tJvlKJFw4mzEeydcn8ZQ_U"
    "QXlDoQy9c8x0uSczVVyAcGSG6GvziFohBj7ptFm3W4RS2a4DA";
inline constexpr const char* es256_iss =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLyIsImF1"
    "ZCI6WyJodHRwczovL21jcC5leGFtcGxlL21jcCIsIm90aGVyIl0sInN1YiI6ImFkYSIsImV4cCI6MTkwMDAwMDAwMCwiaWF0Ijox"
    "NzAwMDAwMDAwLCJuYmYiOjE3MDAwMDAwMDAsInNjb3BlIjoicmVhZCB3cml0ZSIsImVtYWlsIjoiYWRhQGV4YW1wbGUuY29tIiwi"
    "bmFtZSI6IkFkYSBMIn0.IXtBkLOSf90FQqZ9YFUDNrDPRUDgNuAHaDCPmZH6R7UJq3AUfZRsXCcbY1s2DGG4ZIr_5N0J2A5M2GVq"
    "UvE9Ag";
inline constexpr const char* es256_expired =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxNzAwMDAwMDAxLCJpYXQiOjE3"
    "MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJu"
    "YW1lIjoiQWRhIEwifQ.G5d7Xzdn1zdqLvZmU5uChAtYh4r3CGo1Me78qCESHqcAenbWilAknlEErTPqd5N7M6fOf4xzZJ_agPDA3"
    "YErPg";
inline constexpr const char* es256_noexp =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiaWF0IjoxNzAwMDAwMDAwLCJuYmYiOjE3"
    "MDAwMDAwMDAsInNjb3BlIjoicmVhZCB3cml0ZSIsImVtYWlsIjoiYWRhQGV4YW1wbGUuY29tIiwibmFtZSI6IkFkYSBMIn0.LlOw"
    "hiMKQp2OihnBG5hFfW5D5HYKqhkPpLVfpk1nFoN7bel8QpckO8qYsd_a36zjHwsxc7wK8qOJlo9eH_w_0A";
inline constexpr const char* es256_future =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3"
    "MDAwMDAwMDAsIm5iZiI6MTg5OTk5OTk5OSwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJu"
    "YW1lIjoiQWRhIEwifQ.zIWG01FWS60-t9EXWTgOGPK6FXB1pieSwmufPK-0qzEFmWEqnrGvTuA9MEPPCTJ9Se6NPBTlz67Dr1B3l"
    "4mylw";
inline constexpr const char* es256_iat =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE4"
    "OTk5OTk5OTksIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJu"
    "YW1lIjoiQWRhIEwifQ.JutNHACdysQbLtNpZO7UkEbji3_Fw2WH0yl-MtbmfKFIijwZXQC_L6BEpiMQpSCepWQ3SmhAQoQQ5BhsR"
    "zCcRg";
inline constexpr const char* es256_badexp =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoic29vbiIsImlhdCI6MTcwMDAw"
    "MDAwMCwibmJmIjoxNzAwMDAwMDAwLCJzY29wZSI6InJlYWQgd3JpdGUiLCJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsIm5hbWUi"
    "OiJBZGEgTCJ9.rsQAxJnLQM_t7Lgat2w3RK1pHsckEpsxuYguUg7vbn7poipaKOUhqOF2tA6nRZdeuSc_27fsncjuIcJYa1gnvQ";
inline constexpr const char* es256_audobj =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "Ijp7ImEiOjF9LCJzdWIiOiJhZGEiLCJleHAiOjE5MDAwMDAwMDAsImlhdCI6MTcwMDAwMDAwMCwibmJmIjoxNzAwMDAwMDAwLCJz"
    "Y29wZSI6InJlYWQgd3JpdGUiLCJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsIm5hbWUiOiJBZGEgTCJ9.r7WQxaHt4JigKmxAlhh"
    "f39kySm7VrFKwi9DxKPKBJHfzFGoYeKpnxi98-9f5kE-2OYFSKuO9bDssQDTV70fDMg";
inline constexpr const char* es256_jku =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0Iiwiamt1IjoiaHR0cHM6Ly9ldmlsLmV4YW1wbGUva2V5cyJ9"
    ".eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3V"
    "iIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHd"
    "yaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIEwifQ.R2cp3-7vdlvk06GqUb33xMLgGc468QcZZUo8"
    "3yGgEEfknWa54P_lMmVgvWKChJbd2jWmotewZZdiMr7quhXcIA";
inline constexpr const char* es256_kid =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6InVua25vd24iLCJ0eXAiOiJhdCtqd3QifQ.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlI"
    "iwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpY"
    "XQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb"
    "20iLCJuYW1lIjoiQWRhIEwifQ.Q3Hve203i9KDHZTMdLKs5aENz3ocum4rY_0kMQFrfGR8_WASIFe2eP0i7KzNWSPgUawnMbE5uC"
    "EVADIPyoaGCw";
inline constexpr const char* es256_jwk =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0IiwiandrIjp7Imt0eSI6IkVDIiwieCI6IlNvYlFyblpKRUN0"
    "U0VEc0FYNW94X2FXU01CYkh5QnVOSmNUSUZ2dVZLakkiLCJ5IjoiQW9yRWtLWW9Ib0NLdUM5UkNIaVJWZ183anRBZFhNYnk2UlJp"
    "WmQ2NU1qOCIsImNydiI6IlAtMjU2Iiwia2lkIjoiZWMiLCJ1c2UiOiJzaWciLCJhbGciOiJFUzI1NiJ9fQ.eyJpc3MiOiJodHRwc"
    "zovL2lkcC5leGFtcGxlIiwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwI"
    "joxOTAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiO"
    "iJhZGFAZXhhbXBsZS5jb20iLCJuYW1lIjoiQWRhIEwifQ.1QGl_X0AcW92Y-ysrPPMeNnhInb_2yMG_KmOSMVLLxgd044_XtmnT_"
    "vPat-uelZawrfwZiHTGBL_VvkGwhLVqw";
inline constexpr const char* es256_dup =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVkIjoiaHR0cHM6Ly9tY3Au"
    "ZXhhbXBsZS9tY3AiLCJleHAiOjE5MDAwMDAwMDAsInN1YiI6ImFkYSIsInN1YiI6ImV2ZSJ9.hHiq0Bx4v_LpP9Zy2HmFnPm3qiD"
    "Aj5GYoDcZ9_sYvVhWeMc_H60lT5KnGtjJhLP45bXyyw17VIWnbvmvpR2U2Q";
inline constexpr const char* es256_notobj =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.WzFd.PE0PbSCSuOhOBAs7DA2Ck7U6oJLZrlZhqakeIvaYnKIIceWzN14_JfXj2k-"
    "PIH3H6LMYsCRIZi8dDPUeK2rY3Q";
inline constexpr const char* ps384_good =
    "eyJhbGciOiJQUzM4NCIsImtpZCI6InBzIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXVk"
    "IjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE3"
    "MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJu"
    "YW1lIjoiQWRhIEwifQ.rRNkSzrITSUcFjxMrbdI1l_KcZnoTc2PcMon9SyFvl7OF99Ka9U6pvt3oascPyGt7MyOcy4cbtH8ICwAn"
    "nPxYfhfiRIzPyZAl80_fCg5VAA_jucd7u2ZOe_nZ3cFAoNHWOh_rrHpAFJHflnm3CEkLj_7hgNz4EGblvfGLUwHZlAOuiWrl1_3G"
    "CTTWJs_P2zc6OdLjpEZ7lthd7YYZWFHtwxIypcIxgDdZe0HgATIQPuyvhUM2kph87PmsIrUi_Q8gpyetWgCPF8u_91Zmk6MJCCfs"
    "7xudSRw7MAO49oyIUtM55CoETfSKoUnCXrImGmPqc3k2qkDRE7GmoGnvXgVqA";
inline constexpr const char* es512_good =
    "eyJhbGciOiJFUzUxMiIsImtpZCI6ImVjNSIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwiYXV"
    "kIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIiwib3RoZXIiXSwic3ViIjoiYWRhIiwiZXhwIjoxOTAwMDAwMDAwLCJpYXQiOjE"
    "3MDAwMDAwMDAsIm5iZiI6MTcwMDAwMDAwMCwic2NvcGUiOiJyZWFkIHdyaXRlIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5jb20iLCJ"
    "uYW1lIjoiQWRhIEwifQ.ATtzqpJlpbLh6omY0jR-k78tzuMlVM1i0NHZQGCjSfMTmdXSgUC5B3ZJV9XPOyiXiTqd7n-gsZrX7V0A"
    "lOYNaFX1AMdMsWtJlMWSoDgUVCjPgvDCW-QcRBlaE-ZybRr8riea1JHIMdUBRAJXAdnwsy9_FCD_BIgEBoAX1LG1PFHdgkMA";

}  // namespace leanmcp::test_tokens
