#include "io/prepare/account/export.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "io/files/file.h"
#include "launch/commands/command.h"
#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"

namespace switchyard {
namespace {

void write_to_stdout(std::string_view bytes) {
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() &&
                       std::fflush(stdout) == 0;
  if (!written) durable::fail_system("write to", "the standard output", errno);
}

class ExportCommand : public Command {
 public:
  explicit ExportCommand(CLI::App& program) {
    app_ = program.add_subcommand("export", "Write a dataset's documents back as JSON lines");
    app_->add_option("DATASET", dataset_, "A dataset that `switchyard prepare` made")->required();
    app_->add_option("--jsonl", file_,
                     "The file to write, which must not exist; compressed if its name ends in .gz "
                     "or .zst; - is the standard output")
        ->required()
        ->type_name("FILE");
    app_->add_flag("--removed", removed_,
                   "Write the documents that were removed instead, with stage and reason");
    app_->footer(
        "  switchyard export data/corpus --jsonl corpus.jsonl.zst\n"
        "  switchyard export data/corpus --jsonl - | head -n 3\n"
        "  switchyard export data/corpus --removed --jsonl removed.jsonl");
  }

  int run() override {
    const prepare::DocumentStore store(dataset_);
    ProgressLine line(stderr_is_terminal());
    const auto progress = [&](std::int64_t done, std::int64_t total) {
      if (line.due()) line.show(fmt::format("{} of {} documents", done, total));
    };
    const auto which = removed_ ? prepare::Exported::removed : prepare::Exported::kept;
    if (file_ == "-") {
      prepare::export_documents(store, which, write_to_stdout, progress);
    } else {
      const std::int64_t count = prepare::export_to_file(store, which, file_, progress);
      line.end();
      fmt::print(stderr, "wrote {} documents to {}\n", count, file_);
    }
    return 0;
  }

 private:
  std::string dataset_, file_;
  bool removed_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export_command(CLI::App& program) {
  return std::make_unique<ExportCommand>(program);
}

}  // namespace switchyard
