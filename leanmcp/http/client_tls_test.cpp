#include <leanmcp/http/client.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

namespace leanmcp {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate self_signed(EVP_PKEY* key, const char* names) {
  Certificate certificate(X509_new(), X509_free);
  X509* const x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME* const name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(x, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(x, key, EVP_sha256());
  return certificate;
}

/// Answers one TLS connection after the other with the same few bytes.
class TlsServer {
 public:
  explicit TlsServer(const char* names) : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(nullptr, X509_free) {
    certificate_ = self_signed(key_.get(), names);
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    ca_file_ = std::filesystem::temp_directory_path() / ("leanmcp-ca-" + std::to_string(getpid()) + ".pem");
    FILE* const file = std::fopen(ca_file_.c_str(), "w");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);

    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::filesystem::remove(ca_file_);
  }
  std::string url(const std::string& host) const { return "https://" + host + ":" + std::to_string(port_) + "/"; }
  std::string ca_file() const { return ca_file_.string(); }

 private:
  void serve() {
    // OpenSSL writes without MSG_NOSIGNAL, and these clients hang up early.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
      const int socket = accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), SSL_free);
      SSL_set_fd(ssl.get(), socket);
      if (SSL_accept(ssl.get()) == 1) {
        char request[4096];
        SSL_read(ssl.get(), request, sizeof request);
        constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecure";
        SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(ssl.get());
      }
      close(socket);
    }
  }

  struct ContextDelete {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  Key key_;
  Certificate certificate_;
  std::unique_ptr<SSL_CTX, ContextDelete> context_;
  std::filesystem::path ca_file_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

TEST(HttpClientTls, VerifiesChainAndName) {
  TlsServer server("DNS:localhost");
  HttpClient strangers;
  const auto unknown = strangers.fetch(ClientRequest("GET", server.url("localhost")));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().cause, HttpClientCause::tls) << unknown.error().detail;

  HttpClientOptions options;
  options.ca_file = server.ca_file();
  HttpClient client(options);
  const auto good = client.fetch(ClientRequest("GET", server.url("localhost")));
  ASSERT_TRUE(good) << good.error().detail;
  EXPECT_EQ(good->body, "secure");

  const auto other_name = client.fetch(ClientRequest("GET", server.url("127.0.0.1")));
  ASSERT_FALSE(other_name);
  EXPECT_EQ(other_name.error().cause, HttpClientCause::tls) << other_name.error().detail;

  options.ca_file = "/nonexistent/ca.pem";
  HttpClient without(options);
  const auto no_file = without.fetch(ClientRequest("GET", server.url("localhost")));
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().cause, HttpClientCause::tls) << no_file.error().detail;
}

}  // namespace
}  // namespace leanmcp
