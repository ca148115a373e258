#include "completion_command.hpp"

#include <iostream>
#include <memory>
#include <string>

namespace {

std::string options_of(const CLI::App& command) {
  std::string out;
  for (const CLI::Option* const option : command.get_options())
    for (const std::string& name : option->get_lnames()) out += (out.empty() ? "--" : " --") + name;
  return out;
}

std::string names_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; }))
    out += (out.empty() ? "" : " ") + command->get_name();
  return out;
}

/// Options of the command that stands first; files for what is none.
void write_bash(const CLI::App& app) {
  std::cout << "_leanmcp() {\n"
               "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
               "  COMPREPLY=()\n"
               "  if ((COMP_CWORD == 1)); then\n"
               "    words='"
            << names_of(app)
            << "'\n"
               "  else\n"
               "    case $command in\n";
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string inner = names_of(*command);
    std::cout << "      " << command->get_name() << ") words='" << inner << (inner.empty() ? "" : " ")
              << options_of(*command) << "' ;;\n";
  }
  std::cout << "    esac\n"
               "  fi\n"
               "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
               "}\n"
               "complete -o default -F _leanmcp leanmcp\n";
}

void write_zsh(const CLI::App& app) {
  std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
  write_bash(app);
}

void write_fish(const CLI::App& app) {
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string& name = command->get_name();
    std::cout << "complete -c leanmcp -n __fish_use_subcommand -a " << name << '\n';
    for (const CLI::Option* const option : command->get_options())
      for (const std::string& word : option->get_lnames())
        std::cout << "complete -c leanmcp -n '__fish_seen_subcommand_from " << name << "' -l " << word << '\n';
  }
}

}  // namespace

void add_completion_command(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("completion", "Write completion for a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer("Example:\n  leanmcp completion bash > ~/.local/share/bash-completion/completions/leanmcp");
  command->callback([shell, &app] {
    if (*shell == "bash") write_bash(app);
    if (*shell == "zsh") write_zsh(app);
    if (*shell == "fish") write_fish(app);
  });
}
