import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As in 0002, with the edges that only a person walks: asking for a message again.
EDGES = {
    "planned": ["sending", "skipped", "dead"],
    "skipped": ["planned"],
    "sending": ["sent", "planned", "failed", "unknown"],
    "unknown": ["sent", "planned", "dead"],
    "failed": ["planned"],
    "dead": ["planned"],
    "undelivered": ["planned"],
    "sent": ["delivered", "undelivered"],
}
ALLOWED = ", ".join(f"('{before}', '{after}')" for before, afters in EDGES.items() for after in afters)
CHECK_EDGE = f"""
    CREATE OR REPLACE FUNCTION notifications_check_edge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.state, NEW.state) NOT IN ({ALLOWED})
           OR (NEW.asked_by_id IS NULL AND (
               OLD.state IN ('dead', 'undelivered')
               OR (OLD.state = 'skipped' AND OLD.skip_reason NOT IN ('not_needed', 'no_channel')))) THEN
            RAISE EXCEPTION 'reminder % can not go from % to %', OLD.id, OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'notifications_reminder_edge';
        END IF;
        RETURN NEW;
    END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0002_reminder_edges'),
        ('scheduling', '0003_group_sessions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('booked', 'booked'), ('ride_and_support', 'ride home and support person'), ('fasting', 'fasting'), ('morning_of', 'morning of the session'), ('aftercare', 'care after the session'), ('integration_prompt', 'integration prompt'), ('moved', 'moved'), ('cancelled', 'cancelled'), ('measure_before', 'questionnaire before the session'), ('bring_medicine', 'medicine to bring'), ('intention', 'intention'), ('support_person', 'pick-up, to the support person'), ('measure_after', 'questionnaire after the session'), ('waitlist_offer', 'a sooner time')], max_length=20, verbose_name='about')),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish')], max_length=2, verbose_name='language')),
                ('channel', models.CharField(choices=[('email', 'email'), ('sms', 'SMS')], max_length=5, verbose_name='channel')),
                ('detail', models.CharField(choices=[('plain', 'plain: says what to do and when'), ('discreet', 'discreet: no health word at all')], max_length=10, verbose_name='level')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('subject', models.CharField(blank=True, max_length=200, verbose_name='subject')),
                ('body', models.TextField(max_length=5000, verbose_name='text')),
                ('is_in_use', models.BooleanField(default=True, verbose_name='in use')),
                ('written_at', models.DateTimeField(verbose_name='written')),
            ],
            options={
                'verbose_name': 'message text',
                'verbose_name_plural': 'message texts',
                'ordering': ('kind', 'language', 'channel', 'detail', '-version'),
            },
        ),
        migrations.CreateModel(
            name='OfferMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'email'), ('sms', 'SMS')], max_length=5, verbose_name='channel')),
                ('state', models.CharField(choices=[('waiting', 'to be sent'), ('begun', 'given to the provider'), ('taken', 'accepted by the provider'), ('refused', 'refused by the provider'), ('not_sent', 'not sent: the offer was over, or it was night')], default='waiting', max_length=10, verbose_name='state')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('expires_at', models.DateTimeField(verbose_name='no use after')),
                ('token', models.UUIDField(blank=True, null=True, unique=True)),
                ('recipient', models.CharField(blank=True, max_length=254, verbose_name='to')),
                ('begun_at', models.DateTimeField(blank=True, null=True, verbose_name='provider called')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('provider', models.CharField(blank=True, max_length=20, verbose_name='provider')),
                ('provider_ref', models.CharField(blank=True, max_length=120, verbose_name="provider's reference")),
                ('error_code', models.CharField(blank=True, max_length=60, verbose_name='error')),
                ('attempt_count', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
            ],
            options={
                'verbose_name': "offer's message",
                'verbose_name_plural': "offers' messages",
                'ordering': ('-due_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='ReminderRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('kind', models.CharField(choices=[('booked', 'booked'), ('ride_and_support', 'ride home and support person'), ('fasting', 'fasting'), ('morning_of', 'morning of the session'), ('aftercare', 'care after the session'), ('integration_prompt', 'integration prompt'), ('moved', 'moved'), ('cancelled', 'cancelled'), ('measure_before', 'questionnaire before the session'), ('bring_medicine', 'medicine to bring'), ('intention', 'intention'), ('support_person', 'pick-up, to the support person'), ('measure_after', 'questionnaire after the session'), ('waitlist_offer', 'a sooner time')], max_length=20, unique=True, verbose_name='about')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('anchor', models.CharField(choices=[('news', 'the booking, its move or cancellation'), ('start', 'start of the session'), ('end', 'end of the session'), ('window', 'when a questionnaire falls due')], max_length=8, verbose_name='counted from')),
                ('offset_minutes', models.IntegerField(default=0, help_text='Before it with a minus: -120 is two hours before.', verbose_name='minutes after it')),
                ('days', models.SmallIntegerField(default=0, help_text='Before it with a minus. Only with a time of day.', verbose_name='days after it')),
                ('local', models.TimeField(blank=True, help_text="By the client's clock.", null=True, verbose_name='at this time of day')),
                ('lasts_minutes', models.PositiveIntegerField(blank=True, help_text='Counted from when it was due.', null=True, verbose_name='of no use after minutes')),
                ('last_call_minutes', models.PositiveIntegerField(blank=True, help_text='Before the start; for fasting, before the first time to stop.', null=True, verbose_name='not in the last minutes before')),
                ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('email', 'email'), ('sms', 'SMS')], max_length=5), help_text="The next one is used when the client can't be reached by the first.", size=None, verbose_name='channels, preferred first')),
                ('on_all_channels', models.BooleanField(default=False, verbose_name='on all of them at once')),
                ('session_kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('consult', 'consult'), ('evaluation', 'evaluation'), ('preparation', 'preparation'), ('dosing', 'dosing'), ('integration', 'integration'), ('review', 'review')], max_length=20), blank=True, default=list, size=None, verbose_name='only for sessions of kind')),
                ('asks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('fasting', 'fasting'), ('ride', 'ride home'), ('support_person', 'support person'), ('medicine', 'medicine')], max_length=20), blank=True, default=list, size=None, verbose_name='left out when these are ready')),
                ('skip_if_confirmed', models.BooleanField(default=False, verbose_name='left out when everything is ready')),
                ('gap_minutes', models.PositiveIntegerField(default=0, verbose_name='left out for who booked within minutes before')),
            ],
            options={
                'verbose_name': 'reminder rule',
                'verbose_name_plural': 'reminder rules',
                'ordering': ('kind',),
            },
        ),
        migrations.CreateModel(
            name='SendingPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('day_starts_local', models.TimeField(default=datetime.time(8, 0), verbose_name='no message before')),
                ('evening_local', models.TimeField(default=datetime.time(19, 0), help_text="Where a message goes that can't wait for the morning.", verbose_name='evening')),
                ('day_ends_local', models.TimeField(default=datetime.time(20, 0), verbose_name='no message from')),
                ('quiet_period_minutes', models.PositiveSmallIntegerField(default=3, verbose_name='wait before the first message')),
                ('texts_per_day', models.PositiveSmallIntegerField(default=1, help_text='To one client; what is about safety or a changed time is not counted. 0: no limit.', verbose_name='texts a day')),
                ('texts_per_week', models.PositiveSmallIntegerField(default=3, verbose_name='texts in seven days')),
                ('client_per_hour', models.PositiveSmallIntegerField(default=30, help_text='0: no limit.', verbose_name='most messages to one client in an hour')),
                ('practice_per_minute', models.PositiveIntegerField(default=600, help_text='At this many, sending stops until a person starts it again. 0: no limit.', verbose_name='most messages of the practice in a minute')),
                ('call_list_local', models.TimeField(default=datetime.time(19, 0), help_text='Who has not opened the page for the next day by then is to be called.', verbose_name='call list from')),
            ],
            options={
                'verbose_name': 'sending policy',
                'verbose_name_plural': 'sending policy',
            },
        ),
        migrations.CreateModel(
            name='StaffNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('prescription_expiring', 'prescription expires'), ('clearance_expiring', 'clearance expires'), ('consent_expiring', 'consent expires'), ('licence_expiring', 'licence expires'), ('failed_messages', 'messages that need a person'), ('sending_stopped', 'sending has stopped')], max_length=24, verbose_name='about')),
                ('subject_type', models.CharField(max_length=60, verbose_name='kind of record')),
                ('subject_id', models.BigIntegerField(verbose_name='number of the record')),
                ('on', models.DateField(help_text='The last valid day, or the day it happened.', verbose_name='day')),
                ('due_at', models.DateTimeField(verbose_name='to be told from')),
                ('raised_at', models.DateTimeField(verbose_name='noticed')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('attempt_count', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
            ],
            options={
                'verbose_name': 'staff notice',
                'verbose_name_plural': 'staff notices',
                'ordering': ('-due_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='StaffRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('kind', models.CharField(choices=[('prescription_expiring', 'prescription expires'), ('clearance_expiring', 'clearance expires'), ('consent_expiring', 'consent expires'), ('licence_expiring', 'licence expires'), ('failed_messages', 'messages that need a person'), ('sending_stopped', 'sending has stopped')], max_length=24, unique=True, verbose_name='about')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('days_before', models.PositiveSmallIntegerField(default=14, verbose_name='days before')),
                ('local', models.TimeField(default=datetime.time(7, 30), help_text='By the clock of the practice.', verbose_name='at this time of day')),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('practice_admin', 'practice admin'), ('front_desk', 'front desk'), ('therapist', 'therapist'), ('psychiatrist', 'psychiatrist'), ('nurse', 'nurse'), ('auditor', 'auditor')], max_length=20), blank=True, default=list, size=None, verbose_name='roles')),
                ('to_responsible', models.BooleanField(default=True, help_text='Who prescribed, decided, or is licensed.', verbose_name='to the clinician whose it is')),
            ],
            options={
                'verbose_name': 'staff rule',
                'verbose_name_plural': 'staff rules',
                'ordering': ('kind',),
            },
        ),
        migrations.CreateModel(
            name='Switch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('everything', 'everything'), ('channel', 'channel'), ('provider', 'provider'), ('kind', 'kind of message')], max_length=10, verbose_name='stops')),
                ('value', models.CharField(blank=True, max_length=20, verbose_name='which')),
                ('is_off', models.BooleanField(default=False, verbose_name='off')),
                ('reason', models.CharField(max_length=200, verbose_name='why')),
                ('changed_at', models.DateTimeField(verbose_name='changed')),
            ],
            options={
                'verbose_name': 'switch',
                'verbose_name_plural': 'switches',
                'ordering': ('scope', 'value'),
            },
        ),
        migrations.AddField(
            model_name='reminder',
            name='asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked for by'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='settled_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='settled by a person'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='settled by'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='settled_how',
            field=models.CharField(blank=True, choices=[('phone', 'told by phone'), ('other_way', 'sent another way'), ('not_needed', 'no longer matters')], max_length=12, verbose_name='how'),
        ),
        migrations.AlterField(
            model_name='reminder',
            name='kind',
            field=models.CharField(choices=[('booked', 'booked'), ('ride_and_support', 'ride home and support person'), ('fasting', 'fasting'), ('morning_of', 'morning of the session'), ('aftercare', 'care after the session'), ('integration_prompt', 'integration prompt'), ('moved', 'moved'), ('cancelled', 'cancelled'), ('measure_before', 'questionnaire before the session'), ('bring_medicine', 'medicine to bring'), ('intention', 'intention'), ('support_person', 'pick-up, to the support person'), ('measure_after', 'questionnaire after the session'), ('waitlist_offer', 'a sooner time')], max_length=20, verbose_name='about'),
        ),
        migrations.AlterField(
            model_name='reminder',
            name='skip_reason',
            field=models.CharField(blank=True, choices=[('cancelled', 'the session is over or cancelled'), ('moved', 'the session was moved'), ('not_needed', 'answered before it was due'), ('too_late', 'too late to be of use'), ('no_channel', 'there is no channel on which the client can and wants to be reached'), ('quiet_hours', 'no time outside the quiet hours was left'), ('wording', 'the wording broke a rule'), ('capped', 'the client got as many texts as agreed'), ('ceiling', 'unusually many messages to one client')], max_length=12, verbose_name='why not sent'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['started_at'], name='notifications_started'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('settled_by', None), ('settled_how', '')), models.Q(('settled_at__isnull', False), ('settled_by__isnull', False), ('settled_how__gt', '')), _connector='OR'), name='notifications_reminder_settled'),
        ),
        migrations.AddField(
            model_name='messagetemplate',
            name='written_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by'),
        ),
        migrations.AddField(
            model_name='offermessage',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.client', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='offermessage',
            name='offer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.waitlistoffer', verbose_name='offer'),
        ),
        migrations.AddConstraint(
            model_name='reminderrule',
            constraint=models.CheckConstraint(condition=models.Q(('lasts_minutes__isnull', False), ('last_call_minutes__isnull', False), _connector='OR'), name='notifications_rule_ends', violation_error_message='Say from when on it is of no use.'),
        ),
        migrations.AddConstraint(
            model_name='sendingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='notifications_one_policy', violation_error_message='There is a policy already: change that one.'),
        ),
        migrations.AddConstraint(
            model_name='sendingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('day_starts_local__lt', models.F('evening_local')), ('evening_local__lt', models.F('day_ends_local'))), name='notifications_policy_day', violation_error_message='The evening lies inside the day.'),
        ),
        migrations.AddField(
            model_name='staffnotice',
            name='client',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.client', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='staffnotice',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to'),
        ),
        migrations.AddField(
            model_name='switch',
            name='changed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddConstraint(
            model_name='messagetemplate',
            constraint=models.UniqueConstraint(models.F('kind'), models.F('language'), models.F('channel'), models.F('detail'), models.F('version'), name='notifications_template_version'),
        ),
        migrations.AddConstraint(
            model_name='messagetemplate',
            constraint=models.UniqueConstraint(models.F('kind'), models.F('language'), models.F('channel'), models.F('detail'), condition=models.Q(('is_in_use', True)), name='notifications_template_one_in_use'),
        ),
        migrations.AddConstraint(
            model_name='messagetemplate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'sms'), ('subject', '')), models.Q(('channel', 'email'), ('subject__gt', '')), _connector='OR'), name='notifications_template_subject'),
        ),
        migrations.AddIndex(
            model_name='offermessage',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='notifications_offer_due'),
        ),
        migrations.AddConstraint(
            model_name='offermessage',
            constraint=models.UniqueConstraint(models.F('offer'), models.F('channel'), name='notifications_offer_told_once'),
        ),
        migrations.AddConstraint(
            model_name='offermessage',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('due_at')), ('state', 'not_sent'), _connector='OR'), name='notifications_offer_expiry'),
        ),
        migrations.AddIndex(
            model_name='staffnotice',
            index=models.Index(condition=models.Q(('sent_at', None)), fields=['due_at'], name='notifications_notice_due'),
        ),
        migrations.AddConstraint(
            model_name='staffnotice',
            constraint=models.UniqueConstraint(models.F('user'), models.F('kind'), models.F('subject_type'), models.F('subject_id'), models.F('on'), name='notifications_notice_once'),
        ),
        migrations.AddConstraint(
            model_name='switch',
            constraint=models.UniqueConstraint(models.F('scope'), models.F('value'), name='notifications_switch_once'),
        ),
        migrations.AddConstraint(
            model_name='switch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('scope', 'everything'), ('value', '')), models.Q(models.Q(('scope', 'everything'), _negated=True), ('value__gt', '')), _connector='OR'), name='notifications_switch_value'),
        ),
        migrations.RunSQL(CHECK_EDGE, migrations.RunSQL.noop),
    ]
