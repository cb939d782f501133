// EventFile: numbers over steps in a file that TensorBoard reads, named events.out.tfevents.*: a
// sequence of TFRecords, each an Event in the wire format of protocol buffers
// (tensorboard/compat/proto/event.proto).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/file.h"

namespace switchyard {

struct Scalar {
  std::string tag;
  double value = 0.0;  // stored as f32
};

// Each returns one whole record. seconds: since 1970.
std::string event_file_version(double seconds);
// Marks a restart at `step`: TensorBoard drops what earlier files hold from this step on.
std::string event_start(double seconds, std::int64_t step);
std::string event_scalars(double seconds, std::int64_t step, const std::vector<Scalar>& scalars);

// CRC-32C (Castagnoli), masked as TFRecords require.
std::uint32_t masked_crc32c(std::string_view bytes);

class EventFile {
 public:
  // Creates folder/events.out.tfevents.SECONDS.SUFFIX, which begins at `step`. TensorBoard reads
  // the files of a folder in the order of their names.
  EventFile(const std::filesystem::path& folder, const std::string& suffix, double seconds,
            std::int64_t step);

  // Appends whole records, without fsync.
  void append(std::string_view records) { file_.write(records); }

 private:
  durable::File file_;
};

}  // namespace switchyard
