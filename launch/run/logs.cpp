#include "launch/run/logs.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <vector>

#include "launch/host/host_name.h"

namespace switchyard {
namespace {

spdlog::sink_ptr file_sink(const std::filesystem::path& file) {
  auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(file.string());
  sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                                                                  spdlog::pattern_time_type::utc));
  return sink;
}

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(const std::filesystem::path& logs, const Mesh& mesh) {
  std::vector<spdlog::sink_ptr> sinks;
  if (mesh.job().rank() == 0) {
    sinks.push_back(file_sink(logs / "rank0.log"));
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_st>());
    sinks.back()->set_pattern("%v");
  } else if (mesh.node->rank() == 0) {
    sinks.push_back(file_sink(logs / ("node-" + host_name() + ".log")));
  }
  auto logger = std::make_shared<spdlog::logger>("switchyard", sinks.begin(), sinks.end());
  logger->flush_on(spdlog::level::info);
  return logger;
}

std::shared_ptr<spdlog::logger> file_of(const spdlog::logger& log) {
  const std::vector<spdlog::sink_ptr>& sinks = log.sinks();
  const auto end = sinks.empty() ? sinks.begin() : sinks.begin() + 1;
  auto file = std::make_shared<spdlog::logger>(log.name(), sinks.begin(), end);
  file->flush_on(spdlog::level::info);
  return file;
}

}  // namespace switchyard
