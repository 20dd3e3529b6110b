"""Instances: pending, running, shutting-down, terminated, and the interfaces that go with them."""

from moto.ec2.models.instances import InstanceState

from .. import interfaces
from ..framework import aws_error
from . import launches, releases

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48}


def _state(name: str) -> InstanceState:
    """A new one each time: moto changes the one an instance has."""
    return InstanceState(name, CODES[name])


#: How long AWS goes on showing an instance that is no more.
SHOWN_SECONDS = 3600


class Instances(releases.Releases):
    def run_instances(self, context, request):
        moto = interfaces.backend(context)
        if (image := request.get("ImageId")) and not image.startswith("resolve:") and image not in moto.amis:
            raise aws_error("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
        by_client = self._is_outermost(context)
        made = self.base_call(context, launches.complete(context, request)) if by_client else self.base_call(context)
        for shown in made["Instances"]:
            instance = moto.get_instance(shown["InstanceId"])
            for eni in instance.nics.values():
                eni.delete_on_termination = True
            self.settle(context, vars(instance), "_state", _state("pending"), _state("running"))
            shown["State"] = {"Code": 0, "Name": "pending"}
            if by_client:
                launches.tag(context, instance, request)
                if document := releases.document(request.get("UserData")):
                    self._release(context, instance, document)
        return made

    def describe_instances(self, context, request):
        answer = self.base_call(context)
        for instance in [i for reservation in answer["Reservations"] for i in reservation["Instances"]]:
            if instance["State"]["Name"] == "terminated":  # moto still needs to know where it was
                instance["NetworkInterfaces"] = []
                for key in ("SubnetId", "VpcId", "PrivateIpAddress", "PublicIpAddress"):
                    instance.pop(key, None)
        return answer

    def terminate_instances(self, context, request):
        moto = interfaces.backend(context)
        for instance_id in request["InstanceIds"]:
            if getattr(moto.get_instance(instance_id), "disable_api_termination", None) in (True, "true"):
                raise aws_error(
                    "OperationNotPermitted",
                    f"The instance '{instance_id}' may not be terminated. Modify its 'disableApiTermination' instance "
                    "attribute and try again.",
                )
        changes = []
        for instance_id in request["InstanceIds"]:
            instance = moto.get_instance(instance_id)
            before = {"Code": instance._state.code, "Name": instance._state.name}
            if instance._state.name not in ("shutting-down", "terminated"):
                self._terminate(context, moto, instance)
            now = {"Code": instance._state.code, "Name": instance._state.name}
            changes.append({"InstanceId": instance_id, "PreviousState": before, "CurrentState": now})
        return {"TerminatingInstances": changes}

    def _terminate(self, context, moto, instance):
        # moto's own work (volumes, addresses, reasons) is done first; the interfaces stay until the end.
        held = list(instance.nics.values())
        for eni in held:
            eni.delete_on_termination = False
        moto.terminate_instances([instance.id])

        def gone():
            for eni in held:
                interfaces.release(context, eni.id)
            self.after(context, lambda: _forget(moto, instance.id), SHOWN_SECONDS)

        self.settle(context, vars(instance), "_state", _state("shutting-down"), _state("terminated"), then=gone)


def _forget(moto, instance_id: str) -> None:
    for reservation in moto.reservations.values():
        reservation.instances = [instance for instance in reservation.instances if instance.id != instance_id]
