#include "launch/plan/trace_file.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

#include "io/files/durable.h"

namespace switchyard::plan {

void write_trace_file(const std::filesystem::path& file, int rank, Trace::Clock::time_point start,
                      const std::vector<Trace::Event>& spans) {
  const auto microseconds = [](Trace::Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
  };
  std::string text = fmt::format(
      "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
      "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{0},\"args\":{{\"name\":\"rank {0}\"}}}}",
      rank);
  for (const Trace::Event& span : spans) {
    fmt::format_to(std::back_inserter(text),
                   ",\n{{\"ph\":\"X\",\"name\":\"{}\",\"pid\":{},\"tid\":0,\"ts\":{:.3f},"
                   "\"dur\":{:.3f}}}",
                   span.part, rank, microseconds(span.begin - start),
                   microseconds(span.end - span.begin));
  }
  text += "\n]}\n";
  durable::replace_file(file, text);
}

}  // namespace switchyard::plan
