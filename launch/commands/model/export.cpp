#include "io/prepare/account/export.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "io/files/file.h"
#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/host/counted.h"
#include "launch/host/progress_line.h"
#include "launch/host/ranks.h"
#include "launch/host/terminal.h"
#include "launch/hugging_face/hub_export.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

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
    app_ = program.add_subcommand("export",
                                  "Write a dataset as JSON lines, or a model for transformers");
    app_->add_option("FROM", from_,
                     "A dataset for --jsonl; a run directory, a checkpoint or a model folder for "
                     "--hugging-face")
        ->required();
    CLI::Option* jsonl =
        app_->add_option(
                "--jsonl", file_,
                "The documents' file, which must not exist; compressed if its name ends in "
                ".gz or .zst; - is the standard output")
            ->type_name("FILE");
    app_->add_flag("--removed", removed_,
                   "Write the documents that were removed instead, with stage and reason")
        ->needs(jsonl);
    CLI::Option* hub = app_->add_option("--hugging-face", model_.folder,
                                        "The folder of the model, which must not exist")
                           ->type_name("FOLDER")
                           ->excludes(jsonl);
    app_->add_option("--dtype", model_.format.dtype, "Of the weights: f32, bf16 or f16")
        ->capture_default_str()
        ->check(CLI::IsMember({"f32", "bf16", "f16"}))
        ->needs(hub);
    app_->add_option("--names", names_,
                     "of experts: original (a tensor for each matrix) or fused (stacked)")
        ->capture_default_str()
        ->check(CLI::IsMember({"original", "fused"}))
        ->needs(hub);
    app_->add_option("--shard-size", shard_size_, "The largest file of weights")
        ->capture_default_str()
        ->needs(hub);
    app_->footer(
        "  switchyard export runs/quickstart --hugging-face models/quickstart --dtype bf16\n"
        "  mpirun -n 4 switchyard export runs/big --hugging-face models/big\n"
        "  switchyard export data/corpus --jsonl corpus.jsonl.zst\n"
        "  switchyard export data/corpus --jsonl - | head -n 3\n"
        "  switchyard export data/corpus --removed --jsonl removed.jsonl");
  }

  int run() override {
    if (!model_.folder.empty()) return export_model();
    require(!file_.empty(), Exit::usage,
            "export {} needs --jsonl FILE (a dataset) or --hugging-face FOLDER (a model)", from_);
    const prepare::DocumentStore store(from_);
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
  int export_model() {
    model_.from = from_;
    model_.format.names = names_ == "fused" ? hub::ExpertNames::fused : hub::ExpertNames::original;
    model_.format.shard_bytes = parse_byte_size(shard_size_, "--shard-size");
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      const hub::Exported exported = hub::export_model(model_, *world);
      on_root(*world, [&] {
        fmt::print("wrote {}: {}, {} parameters in {} tensors, {} in {}\n", model_.folder.string(),
                   name_of(exported.family), exported.parameters, exported.tensors,
                   bytes_in_words(exported.bytes), counted(exported.files, "file"));
        if (exported.mtp_modules > 0)
          fmt::print(
              "left out: {} of multi-token prediction, which transformers does not compute\n",
              counted(exported.mtp_modules, "module"));
      });
      return Exit::done;
    });
  }

  std::string from_, file_, names_ = "original", shard_size_ = "5GB";
  bool removed_ = false;
  hub::ExportOptions model_;
};

}  // namespace

std::unique_ptr<Command> make_export_command(CLI::App& program) {
  return std::make_unique<ExportCommand>(program);
}

}  // namespace switchyard
