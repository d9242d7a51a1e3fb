namespace Egregore.Physics;

/// <summary>How long a body has been as it is.</summary>
/// <param name="Rest">Frames that it has rested.</param>
/// <param name="Age">Frames that it has been awake since something touched it.</param>
/// <param name="Lay">As it lay when it hardly moved, while it is there yet: others may lie on it.</param>
/// <param name="Left">As it lay, in the frame in which it went from there.</param>
internal readonly record struct Calm(int Rest, int Age, BodyState? Lay, BodyState? Left);
