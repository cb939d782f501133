// EventFile: numbers over steps as TensorBoard reads them, in files named events.out.tfevents.*: a
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

// seconds: since 1970. Each is one whole record.
std::string event_file_version(double seconds);
// The steps from here on begin again: TensorBoard forgets what earlier files say of them.
std::string event_start(double seconds, std::int64_t step);
std::string event_scalars(double seconds, std::int64_t step, const std::vector<Scalar>& scalars);

// CRC-32C (Castagnoli), rotated and shifted as TFRecords want it.
std::uint32_t masked_crc32c(std::string_view bytes);

class EventFile {
 public:
  // Creates folder/events.out.tfevents.SECONDS.SUFFIX, which begins at `step`. Files of a folder
  // are read in the order of their names.
  EventFile(const std::filesystem::path& folder, const std::string& suffix, double seconds,
            std::int64_t step);

  // Appends whole records, without fsync.
  void append(std::string_view records) { file_.write(records); }

 private:
  durable::File file_;
};

}  // namespace switchyard
