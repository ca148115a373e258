#include "completion_command.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

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

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// Options of the command that stands first, or of the one within it; files for what is none.
void write_bash(const CLI::App& app) {
  std::cout << "_leanmcp() {\n"
               "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
               "  COMPREPLY=()\n"
               "  if ((COMP_CWORD == 1)); then\n"
               "    words='"
            << names_of(app)
            << "'\n"
               "  else\n"
               "    ((COMP_CWORD > 2)) && command+=\" ${COMP_WORDS[2]}\"\n"
               "    case $command in\n";
  for (const CLI::App* const command : commands_of(app)) {
    const std::string inner = names_of(*command);
    for (const CLI::App* const one : commands_of(*command))
      std::cout << "      '" << command->get_name() << ' ' << one->get_name() << "') words='" << options_of(*one)
                << "' ;;\n";
    std::cout << "      " << command->get_name() << (inner.empty() ? "|'" + command->get_name() + " '*" : "")
              << ") words='" << inner << (inner.empty() ? "" : " ") << options_of(*command) << "' ;;\n";
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
  const auto options = [](const CLI::App& command, const std::string& when) {
    for (const CLI::Option* const option : command.get_options())
      for (const std::string& word : option->get_lnames())
        std::cout << "complete -c leanmcp -n '" << when << "' -l " << word << '\n';
  };
  for (const CLI::App* const command : commands_of(app)) {
    const std::string& name = command->get_name();
    const std::string seen = "__fish_seen_subcommand_from " + name;
    std::cout << "complete -c leanmcp -n __fish_use_subcommand -a " << name << '\n';
    options(*command, seen);
    for (const CLI::App* const one : commands_of(*command)) {
      std::cout << "complete -c leanmcp -n '" << seen << "; and not __fish_seen_subcommand_from " << names_of(*command)
                << "' -a " << one->get_name() << '\n';
      options(*one, seen + "; and __fish_seen_subcommand_from " + one->get_name());
    }
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
