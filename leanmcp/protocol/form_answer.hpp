#pragma once

#include <leanmcp/json/fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Why an answer was not taken.
enum class FormFaultCause {
  unknown_field,
  missing,
  wrong_type,
  not_text,  ///< invalid UTF-8, or control characters that the field does not allow
  too_short,
  too_long,
  too_small,
  too_large,
  not_an_option,
  repeated_option,
  too_few_items,
  too_many_items,
  bad_date,
  bad_datetime,
  bad_email,
  bad_url,
  pattern,
  rule,  ///< the author's own rule refused it
};

/// One answer that was not taken. The texts never repeat what the user wrote.
struct FormFault {
  std::string field;
  /// What the user sees as the field's name.
  std::string label;
  FormFaultCause cause = FormFaultCause::wrong_type;
  /// What is wrong, one sentence that can follow the label: "must be at least 18".
  std::string text;
};

/// The outcome of checking one set of answers. A cheap copy; the content is shared and never changes.
class FormAnswer {
 public:
  FormAnswer(std::shared_ptr<const json::object> content, std::vector<FormFault> faults);

  /// No faults.
  bool ok() const noexcept { return faults_.empty(); }
  /// The cleaned answers in the form's order: only fields of the form, and only those without a fault.
  const json::object& content() const noexcept { return *content_; }
  const std::vector<FormFault>& faults() const noexcept { return faults_; }
  /// One text that names each field and what is wrong with it, for asking again; empty when all is well.
  std::string explain() const;

 private:
  std::shared_ptr<const json::object> content_;
  std::vector<FormFault> faults_;
};

}  // namespace leanmcp::inline v0
