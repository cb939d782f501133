#include "io/prepare/input/pipes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "io/files/durable.h"
#include "io/files/file.h"
#include "io/files/hash.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_pipe(const std::string& input) {
  if (input == standard_input) return true;
  for (const char* prefix : {"/dev/stdin", "/dev/fd/", "/proc/self/fd/"}) {
    if (input.starts_with(prefix)) return true;
  }
  std::error_code error;
  const fs::file_type type = fs::status(input, error).type();
  return type == fs::file_type::fifo || type == fs::file_type::character ||
         type == fs::file_type::socket;
}

std::string name_of(const std::string& input) {
  return input == standard_input ? "standard input" : input;
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& input)
      : input_(input),
        number_(input == standard_input ? STDIN_FILENO
                                        : ::open(input.c_str(), O_RDONLY | O_CLOEXEC)) {
    require(number_ >= 0, Exit::usage, "cannot open the pipe '{}': {}", input, describe(errno));
    require(isatty(number_) == 0, Exit::usage,
            "{} is a terminal: give JSON lines through a pipe, as in `COMMAND | switchyard prepare "
            "- --output DATASET`",
            name_of(input));
  }
  ~Descriptor() {
    if (number_ != STDIN_FILENO) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  std::size_t read(std::vector<char>& out) const {
    while (true) {
      const ssize_t size = ::read(number_, out.data(), out.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      require(errno == EINTR, Exit::data, "cannot read {}: {}", name_of(input_), describe(errno));
    }
  }

 private:
  static std::string describe(int error) { return std::generic_category().message(error); }

  const std::string& input_;
  int number_;
};

// What the first bytes say of the rest.
const char* extension_of(std::string_view head) {
  if (head.starts_with("\x1F\x8B")) return ".gz";
  return head.starts_with("\x28\xB5\x2F\xFD") ? ".zst" : "";
}

// Copies a pipe to `path` and an extension.
json copy(const std::string& input, const fs::path& path,
          const std::function<void(std::int64_t)>& progress) {
  const Descriptor pipe(input);
  std::vector<char> buffer(std::size_t{1} << 20);
  auto file = durable::File::open_for_writing(path, O_TRUNC);
  Hasher hasher;
  std::string head;
  std::int64_t bytes = 0;
  while (const std::size_t size = pipe.read(buffer)) {
    if (head.size() < 4) head.append(buffer.data(), std::min(size, std::size_t{4}));
    file.write({buffer.data(), size});
    hasher.add(buffer.data(), static_cast<std::int64_t>(size));
    bytes += static_cast<std::int64_t>(size);
    progress(bytes);
  }
  require(bytes > 0, Exit::data, "nothing came through {}: did the command before it fail?",
          name_of(input));
  file.close();
  const std::string copied = path.string() + extension_of(head);
  if (copied != path) durable::rename_file(path, copied);
  return {{"path", copied}, {"shown", name_of(input)}, {"stamp", hasher.hex()}};
}

}  // namespace

bool PipeCopies::needed_for(const std::vector<Source>& sources) {
  for (const Source& source : sources) {
    for (const std::string& input : source.inputs) {
      if (is_pipe(input)) return true;
    }
  }
  return false;
}

PipeCopies PipeCopies::make(const std::vector<Source>& sources, const fs::path& folder,
                            const std::function<void(std::int64_t)>& progress) {
  PipeCopies result;
  bool has_standard_input = false;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (std::size_t j = 0; j < sources[i].inputs.size(); ++j) {
      const std::string& input = sources[i].inputs[j];
      if (!is_pipe(input)) continue;
      require(input != standard_input || !std::exchange(has_standard_input, true), Exit::usage,
              "standard input (-) can be read once, and is named twice");
      const std::string name = fmt::format("pipe-{:03}-{:03}.jsonl", i, j);
      json one = copy(input, without_dots(folder / name), progress);
      one["source"] = i;
      one["input"] = j;
      result.copies_.push_back(std::move(one));
    }
  }
  return result;
}

PipeCopies PipeCopies::from_text(const std::string& text) {
  PipeCopies result;
  result.copies_ = json::parse(text);
  return result;
}

void PipeCopies::replace_inputs(std::vector<Source>& sources) const {
  for (const json& copy : copies_) {
    sources.at(copy.at("source").get<std::size_t>())
        .inputs.at(copy.at("input").get<std::size_t>()) = copy.at("path").get<std::string>();
  }
}

void PipeCopies::name_files(Inputs& inputs) const {
  for (const json& copy : copies_) {
    for (InputFile& file : inputs.files) {
      if (file.path != fs::path(copy.at("path").get<std::string>())) continue;
      file.shown = copy.at("shown").get<std::string>();
      file.stamp = copy.at("stamp").get<std::string>();
    }
  }
}

}  // namespace switchyard::prepare
