#include "engine/app/completion.h"

namespace millrace {
namespace {

// Each line of the answer is a word, a tab and its help; ":files" asks for names of files as well.

constexpr std::string_view kBash =
    R"sh(# Completion of millrace for bash: source <(millrace completion bash)
_millrace() {
  local cur=${COMP_WORDS[COMP_CWORD]} line files=''
  COMPREPLY=()
  [[ $cur == = ]] && cur=''
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else COMPREPLY+=("${line%%$'\t'*}"); fi
  done < <("${COMP_WORDS[0]/#\~/$HOME}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ -n $files ]] || return 0
  compopt -o filenames 2>/dev/null
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
}
complete -F _millrace millrace
)sh";

constexpr std::string_view kZsh = R"sh(#compdef millrace
# Completion of millrace for zsh: source <(millrace completion zsh), after compinit
_millrace() {
  local line word text files=''
  local -a found
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      word=${line%%$'\t'*} text=${line#*$'\t'}
      found+=("${word//:/\\:}${text:+:$text}")
    fi
  done < <("${words[1]/#\~/$HOME}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe millrace found
  [[ -n $files ]] && _files
}
compdef _millrace millrace
)sh";

constexpr std::string_view kFish =
    R"sh(# Completion of millrace for fish: millrace completion fish | source
function __millrace_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c millrace -f -a '(__millrace_complete)'
)sh";

}  // namespace

std::string_view completion_script(std::string_view shell) {
  return shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish;
}

}  // namespace millrace
