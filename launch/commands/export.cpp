#include "io/prepare/account/export.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

#include "io/files/file.h"
#include "launch/commands/command.h"
#include "launch/host/environment.h"

namespace switchyard {
namespace {

void write_to_stdout(std::string_view bytes) {
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() &&
                       std::fflush(stdout) == 0;
  if (!written) durable::fail_system("write to", "the standard output", errno);
}

// On a terminal a line that redraws itself, otherwise one every ten seconds.
class ExportedSoFar {
 public:
  ~ExportedSoFar() {
    if (terminal_ && printed_) fmt::print(stderr, "\n");
  }

  void report(std::int64_t done, std::int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(terminal_ ? 200 : 10'000)) return;
    last_ = now;
    printed_ = true;
    fmt::print(stderr, "{}{} of {} documents{}", terminal_ ? "\r" : "", done, total,
               terminal_ ? "\x1b[K" : "\n");
  }

 private:
  bool terminal_ = stderr_is_terminal();
  bool printed_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class ExportCommand : public Command {
 public:
  explicit ExportCommand(CLI::App& program) {
    app_ = program.add_subcommand("export", "Write a dataset's documents back as JSON lines");
    app_->add_option("DATASET", dataset_, "A dataset that `switchyard prepare` made")->required();
    app_->add_option("--jsonl", file_,
                     "The file to write, compressed if it ends in .gz or .zst; - for the standard "
                     "output")
        ->required()
        ->type_name("FILE");
    app_->footer(
        "  switchyard export data/corpus --jsonl corpus.jsonl.zst\n"
        "  switchyard export data/corpus --jsonl - | head -n 3");
  }

  int run() override {
    const prepare::DocumentStore store(dataset_);
    ExportedSoFar so_far;
    const auto progress = [&](std::int64_t done, std::int64_t total) {
      so_far.report(done, total);
    };
    if (file_ == "-") {
      prepare::export_documents(store, write_to_stdout, progress);
    } else {
      const std::int64_t count = prepare::export_to_file(store, file_, progress);
      fmt::print(stderr, "{} documents are in {}\n", count, file_);
    }
    return 0;
  }

 private:
  std::string dataset_, file_;
};

}  // namespace

std::unique_ptr<Command> make_export_command(CLI::App& program) {
  return std::make_unique<ExportCommand>(program);
}

}  // namespace switchyard
