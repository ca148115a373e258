#include <leanmcp/oauth/client/secret_library.hpp>

#ifdef LEANMCP_HAS_LIBSECRET

#include <leanmcp/base/encoding.hpp>

#include <dlfcn.h>
#include <libsecret/secret.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace leanmcp::inline v0::detail {

namespace {

constexpr const char* library_file = "libsecret-1.so.0";

/// The functions by the types of the headers. Loaded rather than linked: a server, or a desktop without a keyring, need
/// not have the library.
struct Functions {
  decltype(&::secret_password_lookupv_sync) lookup = nullptr;
  decltype(&::secret_password_storev_sync) store = nullptr;
  decltype(&::secret_password_clearv_sync) clear = nullptr;
  decltype(&::secret_password_searchv_sync) search = nullptr;
  decltype(&::secret_password_free) free_password = nullptr;
  decltype(&::secret_retrievable_get_attributes) attributes_of = nullptr;
  decltype(&::secret_error_get_quark) error_domain = nullptr;
  decltype(&::secret_service_disconnect) disconnect = nullptr;
  decltype(&::g_hash_table_new_full) new_table = nullptr;
  decltype(&::g_hash_table_insert) insert = nullptr;
  decltype(&::g_hash_table_lookup) look_up = nullptr;
  decltype(&::g_hash_table_unref) release_table = nullptr;
  decltype(&::g_str_hash) hash = nullptr;
  decltype(&::g_str_equal) equal = nullptr;
  decltype(&::g_free) free = nullptr;
  decltype(&::g_strndup) copy = nullptr;
  decltype(&::g_list_free) free_list = nullptr;
  decltype(&::g_object_unref) release = nullptr;
  decltype(&::g_error_free) free_error = nullptr;

  bool load(void* handle) {
    const auto get = [handle](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
      return function != nullptr;
    };
    return get(lookup, "secret_password_lookupv_sync") && get(store, "secret_password_storev_sync") &&
           get(clear, "secret_password_clearv_sync") && get(search, "secret_password_searchv_sync") &&
           get(free_password, "secret_password_free") && get(attributes_of, "secret_retrievable_get_attributes") &&
           get(error_domain, "secret_error_get_quark") && get(disconnect, "secret_service_disconnect") &&
           get(new_table, "g_hash_table_new_full") && get(insert, "g_hash_table_insert") &&
           get(look_up, "g_hash_table_lookup") && get(release_table, "g_hash_table_unref") && get(hash, "g_str_hash") &&
           get(equal, "g_str_equal") && get(free, "g_free") && get(copy, "g_strndup") &&
           get(free_list, "g_list_free") && get(release, "g_object_unref") && get(free_error, "g_error_free");
  }
};

const SecretSchema schema = {
    "com.leanmcp.Token",
    SECRET_SCHEMA_NONE,
    {{"store", SECRET_SCHEMA_ATTRIBUTE_STRING}, {"name", SECRET_SCHEMA_ATTRIBUTE_STRING}, {nullptr, {}}},
    0,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr};

class Loaded final : public SecretLibrary {
 public:
  Loaded(Functions functions, std::string label) : call_(functions), label_(std::move(label)) {}

  Result<std::optional<Secret>, TokenStoreFault> find(const std::string& name) const override {
    return with_service([&] { return find_now(name); });
  }
  Result<void, TokenStoreFault> store(const std::string& name, const Secret& value) const override {
    return with_service([&] { return store_now(name, value); });
  }
  Result<void, TokenStoreFault> remove(const std::string& name) const override {
    return with_service([&] { return remove_now(name); });
  }
  Result<std::vector<std::string>, TokenStoreFault> names() const override {
    return with_service([&] { return names_now(); });
  }

 private:
  using Table = std::shared_ptr<GHashTable>;

  /// A service that was started anew does not know us any more; then we get to know it once more.
  template <class Action>
  std::invoke_result_t<Action> with_service(const Action& action) const {
    auto result = action();
    if (result || result.error() != TokenStoreFault::keyring_failed) return result;
    call_.disconnect();
    return action();
  }

  Result<std::optional<Secret>, TokenStoreFault> find_now(const std::string& name) const {
    const Table attributes = attributes_with(&name);
    GError* failed = nullptr;
    gchar* const text = call_.lookup(&schema, attributes.get(), nullptr, &failed);
    if (failed) return fault_of(failed);
    if (!text) {
      // Nothing is also said when the person was asked to unlock the keyring and did not.
      const auto here = names_now();
      if (!here) return here.error();
      if (std::find(here->begin(), here->end(), name) != here->end()) return TokenStoreFault::keyring_locked;
      return std::optional<Secret>();
    }
    auto value = base64url_decode(text);
    call_.free_password(text);
    if (!value) return TokenStoreFault::tampered;
    return std::optional<Secret>(Secret(std::move(*value)));
  }

  Result<void, TokenStoreFault> store_now(const std::string& name, const Secret& value) const {
    const Table attributes = attributes_with(&name);
    // With its end in it: a view has none.
    const Secret text(base64url_encode(value.reveal()) + '\0');
    GError* failed = nullptr;
    const bool stored = call_.store(&schema, attributes.get(), SECRET_COLLECTION_DEFAULT, "leanmcp sign-in",
                                    text.reveal().data(), nullptr, &failed) != 0;
    if (failed) return fault_of(failed);
    if (!stored) return TokenStoreFault::keyring_locked;
    return {};
  }

  Result<void, TokenStoreFault> remove_now(const std::string& name) const {
    const Table attributes = attributes_with(&name);
    GError* failed = nullptr;
    call_.clear(&schema, attributes.get(), nullptr, &failed);
    if (failed) return fault_of(failed);
    return {};
  }

  Result<std::vector<std::string>, TokenStoreFault> names_now() const {
    const Table attributes = attributes_with(nullptr);
    GError* failed = nullptr;
    GList* const found = call_.search(&schema, attributes.get(), SECRET_SEARCH_ALL, nullptr, &failed);
    if (failed) return fault_of(failed);
    std::vector<std::string> out;
    for (const GList* item = found; item; item = item->next) {
      const Table of_item = owned(call_.attributes_of(static_cast<SecretRetrievable*>(item->data)));
      const auto* const name = static_cast<const char*>(call_.look_up(of_item.get(), "name"));
      auto decoded = name ? base64url_decode(name) : std::nullopt;
      if (decoded) out.push_back(std::move(*decoded));
      call_.release(item->data);
    }
    call_.free_list(found);
    return out;
  }

  Table owned(GHashTable* table) const { return Table(table, call_.release_table); }
  Table attributes_with(const std::string* name) const {
    const Table table = owned(call_.new_table(call_.hash, call_.equal, call_.free, call_.free));
    const auto add = [&](std::string_view key, std::string_view value) {
      call_.insert(table.get(), call_.copy(key.data(), key.size()), call_.copy(value.data(), value.size()));
    };
    add("store", label_);
    if (name) add("name", base64url_encode(*name));
    return table;
  }
  TokenStoreFault fault_of(GError* error) const {
    const bool locked = error->domain == call_.error_domain() && error->code == SECRET_ERROR_IS_LOCKED;
    call_.free_error(error);
    return locked ? TokenStoreFault::keyring_locked : TokenStoreFault::keyring_failed;
  }

  const Functions call_;
  const std::string label_;
};

}  // namespace

Result<std::shared_ptr<const SecretLibrary>, TokenStoreFault> SecretLibrary::load(std::string label) {
  // Never unloaded: it has threads of its own.
  void* const handle = ::dlopen(library_file, RTLD_NOW | RTLD_LOCAL);
  Functions functions;
  if (!handle || !functions.load(handle)) return TokenStoreFault::no_keyring;
  auto library = std::make_shared<const Loaded>(functions, std::move(label));
  // Without a service that answers there is no keyring, whatever is installed.
  const auto answered = library->names();
  if (!answered) return TokenStoreFault::no_keyring;
  return std::shared_ptr<const SecretLibrary>(std::move(library));
}

}  // namespace leanmcp::inline v0::detail

#else

namespace leanmcp::inline v0::detail {

Result<std::shared_ptr<const SecretLibrary>, TokenStoreFault> SecretLibrary::load(std::string) {
  return TokenStoreFault::no_keyring;
}

}  // namespace leanmcp::inline v0::detail

#endif
