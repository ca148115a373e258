#include <leanmcp/http/tls_context.hpp>

#include <openssl/ssl.h>

namespace leanmcp::inline v0::detail {

namespace {

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, ours, sizeof ours, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<boost::asio::ssl::context> make_tls_context(const std::string& chain_file, const std::string& key_file) {
  namespace ssl = boost::asio::ssl;
  ssl::context context(ssl::context::tls_server);
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, &choose_protocol, nullptr);
  boost::system::error_code failed;
  context.use_certificate_chain_file(chain_file, failed);
  if (failed) return Error("the certificate chain in " + chain_file + " cannot be used: " + failed.message());
  context.use_private_key_file(key_file, ssl::context::pem, failed);
  if (failed) return Error("the private key in " + key_file + " cannot be used: " + failed.message());
  if (SSL_CTX_check_private_key(native) != 1)
    return Error("the private key in " + key_file + " does not belong to the certificate in " + chain_file);
  return context;
}

}  // namespace leanmcp::inline v0::detail
